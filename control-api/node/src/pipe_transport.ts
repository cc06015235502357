// One end of a pipe to another router: what a producer sends goes over whole, or as far as somebody
// at the other end wants it.
import { randomUUID } from 'node:crypto';

import type { Consumer } from './consumer.js';
import { leastPriority } from './consumer.js';
import { checkConsumeOptions, encodeConsume } from './consume_options.js';
import { CreatePipeTransportT, PlainTransportConnectedT, RequestBody } from './generated/schema.js';
import {
  encodeOneListenInfo,
  type OldListenOptions,
  type TransportListenInfo,
} from './listen_info.js';
import { getPipeRtpParameters } from './ortc/pipe_parameters.js';
import { asBoolean, asDictionary, optional } from './ortc/fields.js';
import {
  encodePlainConnect,
  localTuple,
  type PlainConnectOptions,
  type PlainTransportInternal,
} from './plain_transport.js';
import { encodeSctpOptions, type SctpOptions } from './sctp.js';
import { decodeSrtpParameters, type SrtpParameters } from './srtp_parameters.js';
import {
  decodePlainStats,
  decodeTuple,
  type LocalTuple,
  type PlainTransportStat,
} from './stats.js';
import { Transport } from './transport.js';
import type { DataChangeEvents } from './transport_data.js';
import type { TransportEvents, TransportObserverEvents } from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer } from './wire/channel.js';
import type { Dump } from './wire/dump.js';

export interface PipeTransportOptions<Data extends AppData = AppData>
  extends SctpOptions, OldListenOptions {
  /** Needed unless there is the old `listenIp`. */
  listenInfo?: TransportListenInfo;
  /** Retransmissions of video come on streams of their own; otherwise as what they repeat. */
  enableRtx?: boolean;
  /** AEAD_AES_256_GCM. */
  enableSrtp?: boolean;
  /**
   * Our addition: each end says which encodings somebody there wants, and no others are sent; true
   * if missing. Both ends need it, or neither.
   */
  onDemand?: boolean;
  appData?: Data;
}

export type PipeConnectOptions = Omit<PlainConnectOptions, 'rtcpPort'>;

export interface PipeConsumeOptions<Data extends AppData = AppData> {
  producerId: string;
  paused?: boolean;
  appData?: Data;
}

export interface PipeTransportInternal<
  Data extends AppData = AppData,
> extends PlainTransportInternal<Data> {
  enableRtx: boolean;
}

/** There is nobody who would open a channel by himself. */
export type StreamChangeEvents = Omit<DataChangeEvents, 'datachannelopen'>;
type PipeChangeEvents = StreamChangeEvents;
export type PipeTransportEvents = TransportEvents & PipeChangeEvents;
export type PipeTransportObserverEvents = TransportObserverEvents & PipeChangeEvents;

export class PipeTransport<Data extends AppData = AppData> extends Transport<
  Data,
  PipeTransportEvents,
  PipeTransportObserverEvents
> {
  readonly #enableRtx: boolean;
  #tuple: LocalTuple;
  #srtpParameters: SrtpParameters | undefined;

  /** @internal Use Router.createPipeTransport() or Router.pipeToRouter(). */
  constructor(internal: PipeTransportInternal<Data>) {
    super(internal);
    const { created, enableRtx } = internal;
    this.#enableRtx = enableRtx;
    this.#tuple = localTuple(created.localAddress, created.localPort);
    this.#srtpParameters = decodeSrtpParameters(created.srtp);
  }

  get type(): 'pipe' {
    return 'pipe';
  }

  /** Where we listen, and where the other end is once connected. */
  get tuple(): LocalTuple {
    return this.#tuple;
  }

  /** What we send with; the other end has to be told. */
  get srtpParameters(): SrtpParameters | undefined {
    return this.#srtpParameters;
  }

  /** @internal As TransportData.freeStream(), at both ends. */
  freeStream(first: number, step: number, otherEnd: PipeTransport): number {
    return this.data.freeStream(first, step, otherEnd.data);
  }

  async getStats(): Promise<PlainTransportStat[]> {
    return this.readStats((stats) => decodePlainStats(stats, 'pipe-transport'));
  }

  /** Where the other end is and what it sends with. Once per transport. */
  async connect(options: PipeConnectOptions): Promise<void> {
    this.requireOpen();
    asDictionary(options, 'options');
    const { ip, port, srtpParameters } = options;
    const body = encodePlainConnect({
      ...(ip === undefined ? {} : { ip }),
      ...(port === undefined ? {} : { port }),
      ...(srtpParameters === undefined ? {} : { srtpParameters }),
    });
    const apply = ({ tuple }: PlainTransportConnectedT): void => {
      if (tuple) this.#tuple = decodeTuple(tuple);
    };
    await this.internal.channel.call({
      method: RequestBody.ConnectPlainTransport,
      target: this.id,
      body,
      apply: (answer) => apply(expectAnswer(answer, PlainTransportConnectedT)),
      applyLate: (answer) => apply(expectAnswer(answer, PlainTransportConnectedT)),
    });
  }

  /** @internal */
  protected override known(): Dump {
    const { tuple, srtpParameters } = this;
    return { tuple, srtpParameters, rtx: this.#enableRtx };
  }

  /** All encodings, whatever the other end can decode; its `rtpParameters` are for produce(). */
  override async consume<ConsumerData extends AppData = AppData>(
    options: PipeConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    this.requireOpen();
    const checked = checkConsumeOptions({ ...options, rtpCapabilities: {} });
    const { producerId, paused, appData } = checked;
    const producer = this.media.findProducer(producerId);
    const { kind } = producer;
    const ssrcs = this.media.takeSsrcs(producer.consumableRtpParameters.encodings.length);
    const enableRtx = this.#enableRtx;
    const rtpParameters = getPipeRtpParameters(
      producer.consumableRtpParameters,
      producer.rtpParameters,
      { enableRtx, ssrcs },
    );
    const id = randomUUID();
    return this.media.askForConsumer<ConsumerData>({
      body: encodeConsume(id, { kind, rtpParameters, mapping: { codecs: [] } }, checked),
      ssrcs,
      described: {
        ...{ id, producerId, kind, rtpParameters, paused, appData },
        priority: leastPriority,
        consumableRtpEncodings: producer.consumableRtpParameters.encodings,
        preferredLayers: undefined,
      },
    });
  }
}

export function encodePipeTransport(
  id: string,
  options: PipeTransportOptions,
): CreatePipeTransportT {
  asDictionary(options, 'options');
  return new CreatePipeTransportT(
    id,
    encodeOneListenInfo(options),
    optional(options.enableSrtp, 'enableSrtp', asBoolean) ?? false,
    optional(options.onDemand, 'onDemand', asBoolean) ?? true,
    encodeSctpOptions(options),
  );
}
