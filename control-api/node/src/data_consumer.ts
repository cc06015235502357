// Messages that a router sends to a peer, or to the application itself.
import { DataObject, type DataObjectInternal } from './data_object.js';
import { maxSubchannels } from './data_producer.js';
import {
  AddSubchannelT,
  BufferedAmountLowT,
  BufferedAmountT,
  DataConsumerStatsT,
  DataMessageT,
  GetBufferedAmountT,
  ProducerClosedT,
  ProducerPausedT,
  ProducerResumedT,
  RemoveSubchannelT,
  RequestBody,
  SendBufferFullT,
  SendDataT,
  SetBufferedAmountLowThresholdT,
  SetSubchannelsT,
  SubchannelsT,
  type NotificationT,
} from './generated/schema.js';
import { Logger } from './logger.js';
import { asInteger, asList } from './ortc/fields.js';
import { asSubchannel, encodeMessage } from './sctp.js';
import type { AppData } from './types.js';
import { expectAnswer, type RequestBodyT } from './wire/channel.js';
import type { Dump } from './wire/dump.js';

const logger = new Logger('DataConsumer');
const maxUint32 = 0xffffffff;

export interface DataConsumerStat {
  type: 'data-consumer';
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  label: string;
  protocol: string;
  messagesSent: number;
  bytesSent: number;
  bufferedAmount: number;
  /** Our addition: not sent, because the send buffer was full or nobody was connected. */
  messagesDropped: number;
}

export type DataConsumerEvents = {
  transportclose: [];
  dataproducerclose: [];
  dataproducerpause: [];
  dataproducerresume: [];
  /** Of consumers without sctpStreamParameters: the message and its payload protocol. */
  message: [Buffer, number];
  /** A message was dropped. Again only after one was sent. */
  sctpsendbufferfull: [];
  /** The amount has fallen to the threshold or below. */
  bufferedamountlow: [number];
  listenererror: [string, Error];
};

export interface DataConsumerInternal<
  Data extends AppData = AppData,
> extends DataObjectInternal<Data> {
  dataProducerId: string;
  dataProducerPaused: boolean;
  subchannels: number[];
}

export class DataConsumer<Data extends AppData = AppData> extends DataObject<
  Data,
  DataConsumerEvents,
  DataConsumerInternal<Data>
> {
  #dataProducerPaused: boolean;
  #subchannels: number[];
  #bufferedAmountLowThreshold = 0;

  /** @internal Use Transport.consumeData(). */
  constructor(internal: DataConsumerInternal<Data>) {
    super(internal);
    this.#dataProducerPaused = internal.dataProducerPaused;
    this.#subchannels = internal.subchannels;
  }

  get dataProducerId(): string {
    return this.internal.dataProducerId;
  }

  get dataProducerPaused(): boolean {
    return this.#dataProducerPaused;
  }

  /** @internal As of consumers of media. */
  get producerPaused(): boolean {
    return this.#dataProducerPaused;
  }

  /** What it listens to; to everything if empty. */
  get subchannels(): number[] {
    return [...this.#subchannels];
  }

  get bufferedAmountLowThreshold(): number {
    return this.#bufferedAmountLowThreshold;
  }

  /** @internal */
  protected override known(): Dump {
    const { bufferedAmountLowThreshold, subchannels } = this;
    return { ...super.known(), bufferedAmountLowThreshold, subchannels };
  }

  async getStats(): Promise<DataConsumerStat[]> {
    return this.askStats((answer) => {
      const stats = expectAnswer(answer, DataConsumerStatsT);
      return [
        {
          type: 'data-consumer',
          timestamp: Number(stats.timestampMs),
          label: String(stats.label ?? ''),
          protocol: String(stats.protocol ?? ''),
          messagesSent: Number(stats.messagesSent),
          bytesSent: Number(stats.bytesSent),
          bufferedAmount: stats.bufferedAmount,
          messagesDropped: Number(stats.messagesDropped),
        },
      ];
    });
  }

  /** Bytes that were accepted for the client and that it has not acknowledged. */
  async getBufferedAmount(): Promise<number> {
    return this.ask(
      RequestBody.GetBufferedAmount,
      new GetBufferedAmountT(),
      (answer) => expectAnswer(answer, BufferedAmountT).bytes,
    );
  }

  /** 'bufferedamountlow' comes when the amount falls to so many bytes or below. */
  async setBufferedAmountLowThreshold(threshold: number): Promise<void> {
    const checked = asInteger(threshold, 'threshold', 0, maxUint32);
    const body = new SetBufferedAmountLowThresholdT(checked);
    await this.ask(RequestBody.SetBufferedAmountLowThreshold, body, () => {
      this.#bufferedAmountLowThreshold = threshold;
    });
  }

  /**
   * Sends to this one client; `ppid` is that of text or bytes if missing. The buffered amount
   * afterwards. Rejects with a ResourceExhaustedError if the send buffer is full.
   */
  async send(message: string | Buffer, ppid?: number): Promise<number> {
    const encoded = encodeMessage(message, ppid);
    const body = new SendDataT(encoded.ppid, encoded.data as unknown as number[]);
    return this.ask(
      RequestBody.SendData,
      body,
      (answer) => expectAnswer(answer, BufferedAmountT).bytes,
    );
  }

  async setSubchannels(subchannels: number[]): Promise<void> {
    const checked = asList(subchannels, 'subchannels', maxSubchannels, asSubchannel);
    await this.#changeSubchannels(RequestBody.SetSubchannels, new SetSubchannelsT(checked));
  }

  async addSubchannel(subchannel: number): Promise<void> {
    const body = new AddSubchannelT(asSubchannel(subchannel, 'subchannel'));
    await this.#changeSubchannels(RequestBody.AddSubchannel, body);
  }

  async removeSubchannel(subchannel: number): Promise<void> {
    const body = new RemoveSubchannelT(asSubchannel(subchannel, 'subchannel'));
    await this.#changeSubchannels(RequestBody.RemoveSubchannel, body);
  }

  #changeSubchannels(method: RequestBody, body: RequestBodyT): Promise<void> {
    return this.ask(method, body, (answer) => {
      this.#subchannels = [...expectAnswer(answer, SubchannelsT).subchannels];
    });
  }

  protected handle({ body, bodyType }: NotificationT): void {
    if (body instanceof DataMessageT) {
      this.safeEmit('message', Buffer.from(body.data), body.ppid);
    } else if (body instanceof BufferedAmountLowT) {
      this.safeEmit('bufferedamountlow', body.bytes);
    } else if (body instanceof SendBufferFullT) {
      this.safeEmit('sctpsendbufferfull');
    } else if (body instanceof ProducerPausedT) {
      this.#setDataProducerPaused(true);
    } else if (body instanceof ProducerResumedT) {
      this.#setDataProducerPaused(false);
    } else if (body instanceof ProducerClosedT) {
      if (this.closed) return;
      this.end();
      this.safeEmit('dataproducerclose');
      this.observer.safeEmit('close');
    } else {
      logger.debug(`data consumer ${this.id}: news ${bodyType} is not known here`);
    }
  }

  #setDataProducerPaused(paused: boolean): void {
    if (this.#dataProducerPaused === paused) return;
    this.#dataProducerPaused = paused;
    this.safeEmit(paused ? 'dataproducerpause' : 'dataproducerresume');
  }
}
