// The data producers and data consumers of a transport: over data channels, where it has SCTP, and
// of the application itself, which speaks and listens on any transport.
import { randomUUID } from 'node:crypto';

import { DataConsumer } from './data_consumer.js';
import { DataProducer, maxSubchannels } from './data_producer.js';
import { DataStreams } from './data_streams.js';
import type { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, NotFoundError, ResourceExhaustedError } from './errors.js';
import {
  ConsumeDataT,
  DataChannelClosedT,
  DataChannelOpenedT,
  DataConsumedT,
  ProduceDataT,
  RequestBody,
  SctpNegotiatedT,
  SctpStateChangeT,
  type NotificationT,
} from './generated/schema.js';
import {
  asAppData,
  asBoolean,
  asDictionary,
  asId,
  asList,
  asName,
  asText,
  optional,
} from './ortc/fields.js';
import {
  asStreamParameters,
  asSubchannel,
  decodeStream,
  encodeStream,
  type SctpNegotiatedCapabilities,
  type SctpParameters,
  type SctpState,
  type SctpStreamParameters,
} from './sctp.js';
import type { DtlsRole } from './ice_dtls.js';
import { Logger } from './logger.js';
import type { AppData } from './types.js';
import { expectAnswer, type Call, type Channel } from './wire/channel.js';

const logger = new Logger('TransportData');

export type TransportKind = 'webrtc' | 'plain' | 'pipe' | 'direct';

export interface DataProducerOptions<Data extends AppData = AppData> {
  /** 1 to 64 printable ASCII characters, unique in the worker; random if missing. */
  id?: string;
  /**
   * The client's stream. If missing the application speaks, by DataProducer.send(), as it does in
   * any case on a direct transport.
   */
  sctpStreamParameters?: SctpStreamParameters;
  label?: string;
  protocol?: string;
  paused?: boolean;
  appData?: Data;
}

export interface DataConsumerOptions<Data extends AppData = AppData> {
  dataProducerId: string;
  /** Those of the producer if missing. */
  ordered?: boolean;
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
  /** Our addition: the stream; the lowest that is free if missing. */
  streamId?: number;
  /**
   * Our addition: false opens the channel at the client, as 'datachannel' of its RTCPeerConnection
   * (RFC 8832). Otherwise the client creates it itself, negotiated, as mediasoup-client does. The
   * ends of a pipe always agree.
   */
  negotiated?: boolean;
  /**
   * Our addition: true has the application listen, by 'message', instead of the client. If missing,
   * true on direct transports.
   */
  direct?: boolean;
  paused?: boolean;
  /** Messages of these sub-channels and of none; all if empty or missing. */
  subchannels?: number[];
  appData?: Data;
}

/** Our addition: a channel that the client opened by itself. Produce on its stream to hear it. */
export interface DataChannelInfo {
  sctpStreamParameters: SctpStreamParameters;
  label: string;
  protocol: string;
}

export type DataChangeEvents = {
  sctpstatechange: [SctpState];
  /** How many streams both ends have agreed on; before 'sctpstatechange' tells 'connected'. */
  sctpnegotiatedcapabilities: [SctpNegotiatedCapabilities];
  /** Our addition. */
  datachannelopen: [DataChannelInfo];
  /** Our addition: both sides have closed the channel on this stream. */
  datachannelclose: [number];
};

export type DataObserverEvents = {
  newdataproducer: [DataProducer];
  newdataconsumer: [DataConsumer];
};

/** What they may ask of the router. */
export interface DataRouter {
  addDataProducer(producer: DataProducer): void;
  removeDataProducer(producer: DataProducer): void;
  findDataProducer(id: string): DataProducer | undefined;
}

/** What they may ask of the transport. */
export interface DataOwner {
  channel: Channel;
  transportId: string;
  kind: () => TransportKind;
  sctpParameters: SctpParameters | undefined;
  router: DataRouter;
  requireOpen: () => void;
  /** As Transport.dtlsRole. The DTLS client opens channels on even streams (RFC 8832 §6). */
  dtlsRole: () => DtlsRole | undefined;
  /** The transport, and those who watch it. */
  emitter: EnhancedEventEmitter<DataChangeEvents>;
  observer: EnhancedEventEmitter<DataChangeEvents & DataObserverEvents>;
}

export class TransportData {
  readonly #owner: DataOwner;
  readonly #producers = new Map<string, DataProducer>();
  readonly #consumers = new Map<string, DataConsumer>();
  readonly #streams = new DataStreams();
  #state: SctpState | undefined;
  #negotiated: SctpNegotiatedCapabilities | undefined;

  constructor(owner: DataOwner) {
    this.#owner = owner;
    this.#state = owner.sctpParameters ? 'new' : undefined;
  }

  get state(): SctpState | undefined {
    return this.#state;
  }

  get negotiatedCapabilities(): SctpNegotiatedCapabilities | undefined {
    return this.#negotiated;
  }

  /** Of the streams from `first` on, every `step`-th: the lowest that nobody has at any end. */
  freeStream(first: number, step: number, ...otherEnds: TransportData[]): number {
    const ends = [this, ...otherEnds];
    const count = Math.min(...ends.map((end) => end.#streamCount()));
    for (let id = first; id < count; id += step) {
      if (ends.every((end) => end.#streams.isFree(id))) return id;
    }
    throw new ResourceExhaustedError(`all ${count} streams are taken, or on the way to be free`);
  }

  async produce<Data extends AppData>(
    options: DataProducerOptions<Data>,
  ): Promise<DataProducer<Data>> {
    const { channel, transportId, requireOpen } = this.#owner;
    requireOpen();
    asDictionary(options, 'options');
    const id = optional(options.id, 'id', asId) ?? randomUUID();
    const stream = this.#streamOf(options);
    const label = optional(options.label, 'label', asText) ?? '';
    const protocol = optional(options.protocol, 'protocol', asText) ?? '';
    const paused = optional(options.paused, 'paused', asBoolean) ?? false;
    const appData = asAppData(options.appData);
    return this.#claiming(stream, {
      method: RequestBody.ProduceData,
      target: transportId,
      body: new ProduceDataT(id, stream ? encodeStream(stream) : null, label, protocol, paused),
      apply: () => {
        requireOpen();
        return this.#addProducer<Data>({
          channel,
          id,
          sctpStreamParameters: stream,
          label,
          protocol,
          paused,
          appData,
        });
      },
      applyLate: () => channel.close(id),
    });
  }

  async consume<Data extends AppData>(
    options: DataConsumerOptions<Data>,
  ): Promise<DataConsumer<Data>> {
    const { channel, transportId, requireOpen, router } = this.#owner;
    requireOpen();
    asDictionary(options, 'options');
    const dataProducerId = asName(options.dataProducerId, 'dataProducerId');
    const producer = router.findDataProducer(dataProducerId);
    if (!producer)
      throw new NotFoundError(`dataProducerId: the router has no data producer ${dataProducerId}`);
    const negotiated = optional(options.negotiated, 'negotiated', asBoolean) ?? true;
    const direct = optional(options.direct, 'direct', asBoolean) ?? this.#isDirect;
    const paused = optional(options.paused, 'paused', asBoolean) ?? false;
    const subchannels = asList(options.subchannels, 'subchannels', maxSubchannels, asSubchannel);
    const appData = asAppData(options.appData);
    const stream = direct
      ? warnOfStreamOptions(options)
      : this.#streamFor(options, producer, negotiated);
    const id = randomUUID();
    const body = new ConsumeDataT(
      id,
      dataProducerId,
      stream ? encodeStream(stream) : null,
      negotiated,
      paused,
      subchannels,
    );
    return this.#claiming(stream, {
      method: RequestBody.ConsumeData,
      target: transportId,
      body,
      apply: (answer) => {
        const { producerPaused, label, protocol } = expectAnswer(answer, DataConsumedT);
        requireOpen();
        return this.#addConsumer<Data>({
          channel,
          id,
          dataProducerId,
          dataProducerPaused: producerPaused,
          sctpStreamParameters: stream,
          label: String(label ?? ''),
          protocol: String(protocol ?? ''),
          paused,
          subchannels,
          appData,
        });
      },
      applyLate: () => channel.close(id),
    });
  }

  /** True if the news was about data channels. */
  handle(body: NotificationT['body']): boolean {
    if (body instanceof SctpStateChangeT) {
      this.#state = String(body.state) as SctpState;
      this.#tell('sctpstatechange', this.#state);
    } else if (body instanceof SctpNegotiatedT) {
      this.#negotiated = {
        negotiatedMaxOutboundStreams: body.maxOutboundStreams,
        negotiatedMaxInboundStreams: body.maxInboundStreams,
      };
      this.#tell('sctpnegotiatedcapabilities', this.#negotiated);
    } else if (body instanceof DataChannelOpenedT && body.stream) {
      this.#streams.grant(body.stream.streamId);
      this.#tell('datachannelopen', {
        sctpStreamParameters: decodeStream(body.stream),
        label: String(body.label),
        protocol: String(body.protocol),
      });
    } else if (body instanceof DataChannelClosedT) {
      this.#streams.recordReset(body.streamId);
      this.#tell('datachannelclose', body.streamId);
    } else {
      return false;
    }
    return true;
  }

  transportClosed(): void {
    for (const producer of [...this.#producers.values()]) producer.transportClosed();
    for (const consumer of [...this.#consumers.values()]) consumer.transportClosed();
    if (this.#state) this.#state = 'closed';
  }

  #tell<Name extends keyof DataChangeEvents>(name: Name, ...args: DataChangeEvents[Name]): void {
    const { emitter, observer } = this.#owner;
    emitter.safeEmit(name, ...args);
    (observer as unknown as typeof emitter).safeEmit(name, ...args);
  }

  // From the moment it is asked for, so that nobody else is given the stream meanwhile.
  async #claiming<Result>(
    stream: SctpStreamParameters | undefined,
    call: Call<Result>,
  ): Promise<Result> {
    const { channel } = this.#owner;
    if (!stream) return channel.call(call);
    const { streamId } = stream;
    this.#streams.claim(streamId);
    try {
      return await channel.call({
        ...call,
        apply: (answer) => {
          this.#streams.grant(streamId);
          return call.apply(answer);
        },
      });
    } catch (error) {
      this.#release(stream);
      throw error;
    }
  }

  #release(stream: SctpStreamParameters | undefined): void {
    if (stream) this.#streams.release(stream.streamId, this.#state === 'connected');
  }

  #addProducer<Data extends AppData>(
    described: Omit<ConstructorParameters<typeof DataProducer<Data>>[0], 'onClose'>,
  ): DataProducer<Data> {
    const producer: DataProducer<Data> = new DataProducer<Data>({
      ...described,
      onClose: () => {
        this.#producers.delete(described.id);
        this.#release(described.sctpStreamParameters);
        this.#owner.router.removeDataProducer(producer as unknown as DataProducer);
      },
    });
    const anyProducer = producer as unknown as DataProducer;
    this.#producers.set(producer.id, anyProducer);
    this.#owner.router.addDataProducer(anyProducer);
    this.#owner.observer.safeEmit('newdataproducer', anyProducer);
    return producer;
  }

  #addConsumer<Data extends AppData>(
    described: Omit<ConstructorParameters<typeof DataConsumer<Data>>[0], 'onClose'>,
  ): DataConsumer<Data> {
    const consumer = new DataConsumer<Data>({
      ...described,
      onClose: () => {
        this.#consumers.delete(described.id);
        this.#release(described.sctpStreamParameters);
      },
    });
    const anyConsumer = consumer as unknown as DataConsumer;
    this.#consumers.set(consumer.id, anyConsumer);
    this.#owner.observer.safeEmit('newdataconsumer', anyConsumer);
    return consumer;
  }

  #requireSctp(): SctpParameters {
    const { sctpParameters } = this.#owner;
    if (sctpParameters) return sctpParameters;
    if (this.#isDirect)
      throw new InvalidStateError('direct transports carry messages of the application only');
    throw new InvalidStateError('the transport was made without enableSctp');
  }

  get #isDirect(): boolean {
    return this.#owner.kind() === 'direct';
  }

  // Undefined if the application speaks.
  #streamOf({ sctpStreamParameters }: DataProducerOptions): SctpStreamParameters | undefined {
    const stream = optional(sctpStreamParameters, 'sctpStreamParameters', asStreamParameters);
    if (!stream) return undefined;
    if (this.#isDirect) {
      logger.warn(
        'produceData: a direct transport has no streams: sctpStreamParameters are ignored',
      );
      return undefined;
    }
    this.#requireSctp();
    return stream;
  }

  // What is promised is what the producer's client promised, unless the application wants another.
  #streamFor(
    options: DataConsumerOptions,
    producer: DataProducer,
    negotiated: boolean,
  ): SctpStreamParameters {
    this.#requireSctp();
    const { ordered, maxPacketLifeTime, maxRetransmits } = options;
    const asked = [ordered, maxPacketLifeTime, maxRetransmits].some((field) => field !== undefined);
    const promise = asked
      ? { ordered, maxPacketLifeTime, maxRetransmits }
      : { ...producer.sctpStreamParameters };
    const streamId = options.streamId ?? this.#streamToClient(negotiated);
    return asStreamParameters({ ...promise, streamId }, 'options');
  }

  #streamToClient(negotiated: boolean): number {
    if (negotiated) return this.freeStream(0, 1);
    if (this.#owner.kind() !== 'webrtc')
      throw new InvalidStateError(
        'negotiated: both ends agree on streams where there is no client of WebRTC',
      );
    const role = this.#owner.dtlsRole();
    if (role !== 'client' && role !== 'server')
      throw new InvalidStateError('channels can be opened once the transport has been connected');
    return this.freeStream(role === 'client' ? 0 : 1, 2);
  }

  // A channel has both directions.
  #streamCount(): number {
    const { OS, MIS } = this.#requireSctp();
    return Math.min(OS, MIS);
  }
}

// What mediasoup ignores with a warning on direct transports.
function warnOfStreamOptions(options: DataConsumerOptions): undefined {
  const names = ['streamId', 'ordered', 'maxPacketLifeTime', 'maxRetransmits'] as const;
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  logger.warn(`consumeData: the application has no stream: ${given.join(', ')} ignored`);
}
