// The path between a router and one browser: ICE, DTLS, and the streams on top.
import { randomUUID } from 'node:crypto';

import { checkConsumeOptions, encodeConsume, initialLayers } from './consume_options.js';
import { Consumer, type ConsumerType } from './consumer.js';
import type { DataConsumer } from './data_consumer.js';
import type { DataProducer } from './data_producer.js';
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, NotFoundError } from './errors.js';
import {
  ConnectWebRtcTransportT,
  ConsumedT,
  DtlsStateChangeT,
  DumpT,
  DumpTextT,
  GetStatsT,
  IceRestartedT,
  IceSelectedTupleChangeT,
  IceStateChangeT,
  ProducedT,
  RequestBody,
  RestartIceT,
  SetMaxIncomingBitrateT,
  SetMaxOutgoingBitrateT,
  SetMinOutgoingBitrateT,
  TraceT,
  TransportStatsT,
  WebRtcTransportConnectedT,
  type NotificationT,
} from './generated/schema.js';
import {
  decodeDtlsRole,
  decodeIceParameters,
  encodeDtlsParameters,
  type DtlsParameters,
  type DtlsState,
  type IceCandidate,
  type IceParameters,
  type IceState,
} from './ice_dtls.js';
import { Logger } from './logger.js';
import * as ortc from './ortc.js';
import { asOutgoingBitrate } from './outgoing_bitrate.js';
import { asInteger } from './ortc/fields.js';
import type { ValidParameters } from './ortc/validation.js';
import { checkProduceOptions, encodeProduce } from './produce_options.js';
import { Producer, type ProducerType } from './producer.js';
import type { RtpCapabilities } from './rtp_types.js';
import type { SctpParameters, SctpState } from './sctp.js';
import { SsrcPool } from './ssrc_pool.js';
import {
  decodeTransportStats,
  decodeTuple,
  type TransportTuple,
  type WebRtcTransportStat,
} from './stats.js';
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
} from './transport_data.js';
import type {
  ChangeEvents,
  ConsumeOptions,
  ProduceOptions,
  WebRtcTransportEvents,
  WebRtcTransportInternal,
  WebRtcTransportObserverEvents,
} from './transport_types.js';
import type { AppData } from './types.js';
import { expectAnswer, type RequestBodyT } from './wire/channel.js';

const logger = new Logger('WebRtcTransport');
const maxUint32 = 0xffffffff;

export class WebRtcTransport<
  Data extends AppData = AppData,
> extends EnhancedEventEmitter<WebRtcTransportEvents> {
  readonly observer = new EnhancedEventEmitter<WebRtcTransportObserverEvents>();
  readonly #internal: WebRtcTransportInternal<Data>;
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #ssrcs = new SsrcPool();
  readonly #data: TransportData;
  #closed = false;
  #iceState: IceState = 'new';
  #iceSelectedTuple: TransportTuple | undefined;
  #dtlsState: DtlsState = 'new';
  #dtlsRemoteCert: string | undefined;
  #cname: string | undefined;
  #nextMid = 0;
  // 0 for none.
  #maxOutgoingBitrate = 0;
  #minOutgoingBitrate = 0;

  /** @internal Use Router.createWebRtcTransport(). */
  constructor(internal: WebRtcTransportInternal<Data>) {
    super();
    this.#internal = internal;
    const { channel, id, router, sctpParameters } = internal;
    this.#data = new TransportData({
      channel,
      transportId: id,
      sctpParameters,
      router,
      requireOpen: () => this.#requireOpen(),
      dtlsRole: () => internal.dtlsParameters.role,
      emitter: this as unknown as EnhancedEventEmitter<DataChangeEvents>,
      observer: this.observer as unknown as EnhancedEventEmitter<DataObserverEvents>,
    });
    channel.listen(id, (notification) => this.#handle(notification));
  }

  get id(): string {
    return this.#internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get type(): 'webrtc' {
    return 'webrtc';
  }

  get iceRole(): 'controlled' {
    return 'controlled';
  }

  get iceParameters(): IceParameters {
    return this.#internal.iceParameters;
  }

  get iceCandidates(): IceCandidate[] {
    return this.#internal.iceCandidates;
  }

  get iceState(): IceState {
    return this.#iceState;
  }

  get iceSelectedTuple(): TransportTuple | undefined {
    return this.#iceSelectedTuple;
  }

  get dtlsParameters(): DtlsParameters {
    return this.#internal.dtlsParameters;
  }

  get dtlsState(): DtlsState {
    return this.#dtlsState;
  }

  /** PEM, once connected. */
  get dtlsRemoteCert(): string | undefined {
    return this.#dtlsRemoteCert;
  }

  /** Undefined without enableSctp. */
  get sctpParameters(): SctpParameters | undefined {
    return this.#internal.sctpParameters;
  }

  get sctpState(): SctpState | undefined {
    return this.#data.state;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** Also closes its producers and consumers. */
  close(): void {
    if (this.#closed) return;
    this.#internal.channel.close(this.id);
    this.#end();
    this.observer.safeEmit('close');
  }

  /** @internal */
  routerClosed(): void {
    if (this.#closed) return;
    this.#end();
    this.safeEmit('routerclose');
    this.observer.safeEmit('close');
  }

  /** @internal */
  listenServerClosed(): void {
    if (this.#closed) return;
    this.#internal.channel.close(this.id);
    this.#end();
    this.safeEmit('listenserverclose');
    this.observer.safeEmit('close');
  }

  async dump(): Promise<unknown> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.Dump,
      target: this.id,
      body: new DumpT(),
      apply: (answer): unknown => JSON.parse(String(expectAnswer(answer, DumpTextT).json)),
    });
  }

  async getStats(): Promise<WebRtcTransportStat[]> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer) => [decodeTransportStats(expectAnswer(answer, TransportStatsT))],
    });
  }

  /** Takes what the client's 'connect' event gave. Once per transport. */
  async connect({ dtlsParameters }: { dtlsParameters: DtlsParameters }): Promise<void> {
    this.#requireOpen();
    const { role, fingerprints } = encodeDtlsParameters(dtlsParameters);
    const apply = (localRole: WebRtcTransportConnectedT): void => {
      this.#internal.dtlsParameters.role = decodeDtlsRole(localRole.dtlsLocalRole);
    };
    await this.#internal.channel.call({
      method: RequestBody.ConnectWebRtcTransport,
      target: this.id,
      body: new ConnectWebRtcTransportT(role, fingerprints),
      apply: (answer) => apply(expectAnswer(answer, WebRtcTransportConnectedT)),
      applyLate: (answer) => apply(expectAnswer(answer, WebRtcTransportConnectedT)),
    });
  }

  /**
   * New credentials, for the client's restartIce(). The old ones work until the new ones are used.
   */
  async restartIce(): Promise<IceParameters> {
    this.#requireOpen();
    const apply = (restarted: IceRestartedT): IceParameters => {
      this.#internal.iceParameters = decodeIceParameters(restarted.iceParameters);
      return this.#internal.iceParameters;
    };
    return this.#internal.channel.call({
      method: RequestBody.RestartIce,
      target: this.id,
      body: new RestartIceT(),
      apply: (answer) => apply(expectAnswer(answer, IceRestartedT)),
      applyLate: (answer) => void apply(expectAnswer(answer, IceRestartedT)),
    });
  }

  /** Bits per second that the client may send; 0 for no limit. */
  async setMaxIncomingBitrate(bitrate: number): Promise<void> {
    const body = new SetMaxIncomingBitrateT(asInteger(bitrate, 'bitrate', 0, maxUint32));
    await this.#command(RequestBody.SetMaxIncomingBitrate, body, () => undefined);
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
    await this.#command(RequestBody.SetMaxOutgoingBitrate, body, () => {
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
    await this.#command(RequestBody.SetMinOutgoingBitrate, body, () => {
      this.#minOutgoingBitrate = bitrate;
    });
  }

  /**
   * Of these types, and no others, 'trace' events come from now on; none if empty. Rejects with a
   * TypeError for a type that transports do not have.
   */
  async enableTraceEvent(types: TransportTraceEventType[] = []): Promise<void> {
    const body = encodeTraceTypes(types, transportTraceTypes);
    await this.#command(RequestBody.EnableTraceEvents, body, () => undefined);
  }

  async produce<ProducerData extends AppData = AppData>(
    options: ProduceOptions<ProducerData>,
  ): Promise<Producer<ProducerData>> {
    this.#requireOpen();
    const { router, channel } = this.#internal;
    const checked = checkProduceOptions(options);
    const { id, kind, rtpParameters, paused, appData } = checked;
    this.#shareCname(rtpParameters);
    const ours = router.rtpCapabilities();
    const mapping = ortc.getProducerRtpParametersMapping(rtpParameters, ours);
    const consumable = ortc.getConsumableRtpParameters(kind, rtpParameters, ours, mapping);
    return channel.call({
      method: RequestBody.Produce,
      target: this.id,
      body: encodeProduce(checked, mapping),
      apply: (answer) => {
        const type = String(expectAnswer(answer, ProducedT).type) as ProducerType;
        this.#requireOpen();
        const described = { id, kind, rtpParameters, paused, appData };
        return this.#addProducer<ProducerData>({ ...described, consumable, type });
      },
      applyLate: () => channel.close(id),
    });
  }

  async consume<ConsumerData extends AppData = AppData>(
    options: ConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    this.#requireOpen();
    const { router, channel } = this.#internal;
    const checked = checkConsumeOptions(options);
    const { producerId, paused, mid, preferredLayers, priority, appData } = checked;
    const producer = router.findProducer(producerId);
    if (!producer) throw new NotFoundError(`producerId: the router has no producer ${producerId}`);
    const { kind, consumableRtpParameters } = producer;
    const enableRtx = checked.enableRtx ?? kind === 'video';
    const ssrc = this.#ssrcs.take();
    const rtpParameters = this.#consumerParameters(
      consumableRtpParameters,
      options.rtpCapabilities,
      { enableRtx, ssrc, mid },
    );
    const id = randomUUID();
    const call = channel.call({
      method: RequestBody.Consume,
      target: this.id,
      body: encodeConsume(id, kind, rtpParameters, checked),
      apply: (answer) => {
        const { type, producerPaused } = expectAnswer(answer, ConsumedT);
        this.#requireOpen();
        const described = { id, producerId, kind, rtpParameters, paused, priority, appData };
        return this.#addConsumer<ConsumerData>(
          {
            ...described,
            producerPaused,
            type: String(type) as ConsumerType,
            preferredLayers: initialLayers(kind, rtpParameters, preferredLayers),
          },
          ssrc,
        );
      },
      applyLate: () => channel.close(id),
    });
    call.catch(() => this.#ssrcs.release(ssrc));
    return call;
  }

  async produceData<DataProducerData extends AppData = AppData>(
    options: DataProducerOptions<DataProducerData> = {},
  ): Promise<DataProducer<DataProducerData>> {
    return this.#data.produce(options);
  }

  async consumeData<DataConsumerData extends AppData = AppData>(
    options: DataConsumerOptions<DataConsumerData>,
  ): Promise<DataConsumer<DataConsumerData>> {
    return this.#data.consume(options);
  }

  #addProducer<ProducerData extends AppData>(
    described: Omit<ConstructorParameters<typeof Producer<ProducerData>>[0], 'channel' | 'onClose'>,
  ): Producer<ProducerData> {
    const { router, channel } = this.#internal;
    const producer: Producer<ProducerData> = new Producer<ProducerData>({
      ...described,
      channel,
      onClose: () => {
        this.#producers.delete(described.id);
        router.removeProducer(producer as unknown as Producer);
      },
    });
    const anyProducer = producer as unknown as Producer;
    this.#producers.set(producer.id, anyProducer);
    router.addProducer(anyProducer);
    this.observer.safeEmit('newproducer', anyProducer);
    return producer;
  }

  #addConsumer<ConsumerData extends AppData>(
    described: Omit<ConstructorParameters<typeof Consumer<ConsumerData>>[0], 'channel' | 'onClose'>,
    ssrc: number,
  ): Consumer<ConsumerData> {
    const consumer = new Consumer<ConsumerData>({
      ...described,
      channel: this.#internal.channel,
      onClose: () => {
        this.#consumers.delete(described.id);
        this.#ssrcs.release(ssrc);
      },
    });
    const anyConsumer = consumer as unknown as Consumer;
    this.#consumers.set(consumer.id, anyConsumer);
    this.observer.safeEmit('newconsumer', anyConsumer);
    return consumer;
  }

  // An SSRC is taken before it is known whether the parameters are any good.
  #consumerParameters(
    consumable: ValidParameters,
    capabilities: RtpCapabilities,
    { enableRtx, ssrc, mid }: { enableRtx: boolean; ssrc: number; mid: string | undefined },
  ): ValidParameters {
    try {
      const options = { enableRtx, ssrc, mid: mid ?? String(this.#nextMid) };
      const parameters = ortc.getConsumerRtpParameters(consumable, capabilities, options);
      if (mid === undefined) this.#nextMid += 1;
      return parameters;
    } catch (error) {
      this.#ssrcs.release(ssrc);
      throw error;
    }
  }

  // RFC 3550 §6.5.1: what comes from one participant has one CNAME, or receivers could not play
  // audio and video in step.
  #shareCname(rtpParameters: ValidParameters): void {
    this.#cname ??= rtpParameters.rtcp.cname || randomUUID().slice(0, 8);
    rtpParameters.rtcp.cname = this.#cname;
  }

  #command(method: RequestBody, body: RequestBodyT, apply: () => void): Promise<void> {
    this.#requireOpen();
    return this.#internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the transport is closed');
  }

  #end(): void {
    this.#closed = true;
    const { channel, onClose, webRtcServer } = this.#internal;
    channel.unlisten(this.id);
    for (const producer of [...this.#producers.values()]) producer.transportClosed();
    for (const consumer of [...this.#consumers.values()]) consumer.transportClosed();
    this.#data.transportClosed();
    onClose();
    webRtcServer?.detach(this as unknown as WebRtcTransport);
    // Whoever still looks at the transport should see that it is over.
    this.#iceState = 'closed';
    this.#dtlsState = 'closed';
    this.#iceSelectedTuple = undefined;
  }

  #handle({ body, bodyType }: NotificationT): void {
    if (body instanceof IceStateChangeT) {
      this.#iceState = String(body.state) as IceState;
      if (this.#iceState === 'disconnected') this.#iceSelectedTuple = undefined;
      this.#tell('icestatechange', this.#iceState);
    } else if (body instanceof IceSelectedTupleChangeT && body.tuple) {
      this.#iceSelectedTuple = decodeTuple(body.tuple);
      this.#tell('iceselectedtuplechange', this.#iceSelectedTuple);
    } else if (body instanceof DtlsStateChangeT) {
      this.#dtlsState = String(body.state) as DtlsState;
      if (this.#dtlsState === 'connected')
        this.#dtlsRemoteCert = String(body.remoteCertificate ?? '');
      if (body.reason)
        logger.debug(`transport ${this.id}: DTLS ${this.#dtlsState}: ${String(body.reason)}`);
      this.#tell('dtlsstatechange', this.#dtlsState, this.#dtlsRemoteCert);
    } else if (body instanceof TraceT) {
      const trace = decodeTrace(body, transportTraceTypes);
      if (trace) this.#tell('trace', trace as TransportTraceEventData);
    } else if (!this.#data.handle(body)) {
      logger.debug(`transport ${this.id}: news ${bodyType} is not known here`);
    }
  }

  #tell<Name extends keyof ChangeEvents>(name: Name, ...args: ChangeEvents[Name]): void {
    (this as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
    (this.observer as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
  }
}
