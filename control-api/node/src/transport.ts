// What every way in and out of a router has in common: the streams on top, and the bounds of what
// flows. How the peer is reached is for the classes that extend this, what becomes of media and of
// data for transport_media and transport_data.
import type { Consumer } from './consumer.js';
import type { DataConsumer } from './data_consumer.js';
import type { DataProducer } from './data_producer.js';
import { EnhancedEventEmitter, type EventsOf } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import {
  GetStatsT,
  RequestBody,
  SetMaxIncomingBitrateT,
  SetMaxOutgoingBitrateT,
  SetMinOutgoingBitrateT,
  TraceT,
  TransportStatsT,
  type NotificationT,
} from './generated/schema.js';
import type { DtlsRole } from './ice_dtls.js';
import { Logger } from './logger.js';
import { asInteger } from './ortc/fields.js';
import { asOutgoingBitrate } from './outgoing_bitrate.js';
import type { Producer } from './producer.js';
import type { PacketTrace, PacketTraceOptions } from './packet_trace.js';
import type { SctpNegotiatedCapabilities, SctpParameters, SctpState } from './sctp.js';
import type { StatsSubscriptionOptions } from './stats_subscription.js';
import {
  decodeTrace,
  encodeTraceTypes,
  transportTraceTypes,
  type TransportTraceEventData,
  type TransportTraceEventType,
} from './trace.js';
import {
  TransportData,
  type DataChangeEvents,
  type DataConsumerOptions,
  type DataObserverEvents,
  type DataProducerOptions,
  type TransportKind,
} from './transport_data.js';
import { TransportMedia, type MediaObserverEvents } from './transport_media.js';
import { TransportWatch } from './transport_watch.js';
import type {
  ConsumeOptions,
  ProduceOptions,
  TransportEvents,
  TransportInternal,
  TransportObserverEvents,
} from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer, type Answer, type RequestBodyT } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';

const logger = new Logger('Transport');
const maxUint32 = 0xffffffff;

export abstract class Transport<
  Data extends AppData = AppData,
  Events extends EventsOf<Events> = TransportEvents,
  ObserverEvents extends EventsOf<ObserverEvents> = TransportObserverEvents,
> extends EnhancedEventEmitter<Events> {
  readonly observer = new EnhancedEventEmitter<ObserverEvents>();
  /** @internal */
  protected readonly internal: TransportInternal<Data>;
  /** @internal */
  protected readonly media: TransportMedia;
  /** @internal */
  protected readonly data: TransportData;
  readonly #watch: TransportWatch;
  #closed = false;
  // 0 for none.
  #maxOutgoingBitrate = 0;
  #minOutgoingBitrate = 0;

  /** @internal Use the methods of Router. */
  constructor(internal: TransportInternal<Data>) {
    super();
    this.internal = internal;
    const { channel, id, router, sctpParameters } = internal;
    this.media = new TransportMedia({
      channel,
      transportId: id,
      isDirect: () => this.type === 'direct',
      router,
      requireOpen: () => this.requireOpen(),
      observer: this.observer as unknown as EnhancedEventEmitter<MediaObserverEvents>,
    });
    this.data = new TransportData({
      channel,
      transportId: id,
      kind: () => this.type,
      sctpParameters,
      router,
      requireOpen: () => this.requireOpen(),
      dtlsRole: () => this.dtlsRole,
      emitter: this as unknown as EnhancedEventEmitter<DataChangeEvents>,
      observer: this.observer as unknown as EnhancedEventEmitter<
        DataChangeEvents & DataObserverEvents
      >,
    });
    this.#watch = new TransportWatch(channel, id, (snapshot) => {
      (this as unknown as EnhancedEventEmitter<TransportEvents>).safeEmit('stats', snapshot);
    });
    channel.listen(id, (notification) => {
      if (!this.handle(notification)) this.#handle(notification);
    });
  }

  abstract get type(): TransportKind;

  get id(): string {
    return this.internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get appData(): Data {
    return this.internal.appData;
  }

  /** What SCTP was made with; undefined without `enableSctp`, and on direct transports. */
  get sctpParameters(): SctpParameters | undefined {
    return this.internal.sctpParameters;
  }

  get sctpState(): SctpState | undefined {
    return this.data.state;
  }

  /** What both ends have agreed on; undefined until SCTP is connected. */
  get sctpNegotiatedCapabilities(): SctpNegotiatedCapabilities | undefined {
    return this.data.negotiatedCapabilities;
  }

  set appData(appData: Data) {
    this.internal.appData = appData;
  }

  /** Also closes its producers and consumers, of media and of data. */
  close(): void {
    if (this.#closed) return;
    this.internal.channel.close(this.id);
    this.#end();
    this.#observers().safeEmit('close');
  }

  /** @internal */
  routerClosed(): void {
    if (this.#closed) return;
    this.#end();
    (this as unknown as EnhancedEventEmitter<TransportEvents>).safeEmit('routerclose');
    this.#observers().safeEmit('close');
  }

  async dump(): Promise<Dump> {
    this.requireOpen();
    return askDump(this.internal.channel, this.id, () => ({
      sctpParameters: this.sctpParameters,
      sctpState: this.sctpState,
      ...this.known(),
    }));
  }

  /** Bits per second that the client may send; 0 for no limit. */
  async setMaxIncomingBitrate(bitrate: number): Promise<void> {
    const body = new SetMaxIncomingBitrateT(asInteger(bitrate, 'bitrate', 0, maxUint32));
    await this.command(RequestBody.SetMaxIncomingBitrate, body, () => undefined);
  }

  /**
   * The most that is sent to the client, whatever is estimated, in bits per second: at least
   * 30,000 and not below the minimum, else a TypeError; 0 for no bound.
   */
  async setMaxOutgoingBitrate(bitrate: number): Promise<void> {
    asOutgoingBitrate(bitrate, 'bitrate');
    if (bitrate !== 0 && bitrate < this.#minOutgoingBitrate)
      throw new TypeError(`bitrate is below the minimum of ${this.#minOutgoingBitrate}`);
    const body = new SetMaxOutgoingBitrateT(bitrate);
    await this.command(RequestBody.SetMaxOutgoingBitrate, body, () => {
      this.#maxOutgoingBitrate = bitrate;
    });
  }

  /**
   * What the path to the client is taken to carry at the least, whatever is estimated, in bits per
   * second: at least 30,000 and not above the maximum, else a TypeError; 0 for no bound.
   */
  async setMinOutgoingBitrate(bitrate: number): Promise<void> {
    asOutgoingBitrate(bitrate, 'bitrate');
    if (this.#maxOutgoingBitrate !== 0 && bitrate > this.#maxOutgoingBitrate)
      throw new TypeError(`bitrate is above the maximum of ${this.#maxOutgoingBitrate}`);
    const body = new SetMinOutgoingBitrateT(bitrate);
    await this.command(RequestBody.SetMinOutgoingBitrate, body, () => {
      this.#minOutgoingBitrate = bitrate;
    });
  }

  /**
   * Of these types, and no others, 'trace' events come from now on; none if empty. Rejects with a
   * TypeError for a type that transports do not have.
   */
  async enableTraceEvent(types: TransportTraceEventType[] = []): Promise<void> {
    const body = encodeTraceTypes(types, transportTraceTypes);
    await this.command(RequestBody.EnableTraceEvents, body, () => undefined);
  }

  /** Our addition: 'stats' events from now on, of the transport and of what belongs to it. */
  async subscribeStats(options: StatsSubscriptionOptions = {}): Promise<void> {
    this.requireOpen();
    await this.#watch.stats.subscribe(options);
  }

  /** Fine if there is no subscription. */
  async unsubscribeStats(): Promise<void> {
    this.requireOpen();
    await this.#watch.stats.unsubscribe();
  }

  /** Our addition: records RTP and RTCP as pcapng. Another trace of the transport ends. */
  async enablePacketTrace(options: PacketTraceOptions): Promise<PacketTrace> {
    this.requireOpen();
    return this.#watch.enablePacketTrace(options);
  }

  produce<ProducerData extends AppData = AppData>(
    options: ProduceOptions<ProducerData>,
  ): Promise<Producer<ProducerData>> {
    return this.media.produce(options);
  }

  consume<ConsumerData extends AppData = AppData>(
    options: ConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    return this.media.consume(options);
  }

  /**
   * Messages to whoever consumes them: those of the client's stream, or, without one, those of the
   * application.
   */
  async produceData<DataProducerData extends AppData = AppData>(
    options: DataProducerOptions<DataProducerData> = {},
  ): Promise<DataProducer<DataProducerData>> {
    return this.data.produce(options);
  }

  /** The messages of a data producer, for the client's stream or, `direct`, for the application. */
  async consumeData<DataConsumerData extends AppData = AppData>(
    options: DataConsumerOptions<DataConsumerData>,
  ): Promise<DataConsumer<DataConsumerData>> {
    return this.data.consume(options);
  }

  /**
   * Our addition: an SSRC that nobody on the transport has, nor the one behind it, which is that of
   * retransmissions: for those who must name a stream before they consume(). It is free again when
   * its consumer has gone, or by releaseSsrc().
   */
  reserveSsrc(): number {
    this.requireOpen();
    return this.media.ssrcs.take();
  }

  releaseSsrc(ssrc: number): void {
    this.media.ssrcs.release(ssrc);
  }

  /** @internal What the transport's own kind knows of; false for what all of them know. */
  protected handle(_notification: NotificationT): boolean {
    return false;
  }

  /** @internal Ours, where there is DTLS: 'auto' until it is decided. */
  protected get dtlsRole(): DtlsRole | undefined {
    return undefined;
  }

  /** @internal What its own kind adds to dump(). */
  protected known(): Dump {
    return {};
  }

  /** @internal The transport is over, by whomever. */
  protected ended(): void {}

  /** @internal */
  protected command(method: RequestBody, body: RequestBodyT, apply: () => void): Promise<void> {
    this.requireOpen();
    return this.internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
  }

  /** @internal */
  protected readStats<Stat>(decode: (stats: TransportStatsT) => Stat): Promise<Stat[]> {
    this.requireOpen();
    return this.internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer: Answer) => [decode(expectAnswer(answer, TransportStatsT))],
    });
  }

  /** @internal */
  protected requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the transport is closed');
  }

  /** @internal For those who close it for a reason of their own. */
  protected endWith(name: 'listenserverclose'): void {
    if (this.#closed) return;
    this.internal.channel.close(this.id);
    this.#end();
    (this as unknown as EnhancedEventEmitter<{ listenserverclose: [] }>).safeEmit(name);
    this.#observers().safeEmit('close');
  }

  #observers(): EnhancedEventEmitter<TransportObserverEvents> {
    return this.observer as unknown as EnhancedEventEmitter<TransportObserverEvents>;
  }

  #end(): void {
    this.#closed = true;
    const { channel, onClose } = this.internal;
    channel.unlisten(this.id);
    this.media.transportClosed();
    this.data.transportClosed();
    this.#watch.transportClosed();
    onClose();
    this.ended();
  }

  #handle({ body, bodyType }: NotificationT): void {
    if (this.data.handle(body)) return;
    if (!(body instanceof TraceT)) {
      logger.debug(`transport ${this.id}: news ${bodyType} is not known here`);
      return;
    }
    const trace = decodeTrace(body, transportTraceTypes) as TransportTraceEventData | undefined;
    if (!trace) return;
    (this as unknown as EnhancedEventEmitter<TransportEvents>).safeEmit('trace', trace);
    this.#observers().safeEmit('trace', trace);
  }
}
