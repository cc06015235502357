// The path between a router and one browser: ICE, DTLS, and the streams on top.
import { randomInt, randomUUID } from 'node:crypto';

import { Consumer } from './consumer.js';
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, NotFoundError } from './errors.js';
import {
  ConnectWebRtcTransportT,
  ConsumedT,
  ConsumeT,
  DtlsStateChangeT,
  DumpT,
  DumpTextT,
  GetStatsT,
  IceRestartedT,
  IceSelectedTupleChangeT,
  IceStateChangeT,
  ProducedT,
  ProduceT,
  RequestBody,
  RestartIceT,
  SetMaxIncomingBitrateT,
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
import {
  asBoolean,
  asDictionary,
  asId,
  asInteger,
  asName,
  asOneOf,
  optional,
  requireUnused,
} from './ortc/fields.js';
import type { ValidParameters } from './ortc/validation.js';
import { Producer, type ProducerType } from './producer.js';
import type { RtpCapabilities } from './rtp_types.js';
import {
  decodeTransportStats,
  decodeTuple,
  type TransportTuple,
  type WebRtcTransportStat,
} from './stats.js';
import type {
  ConsumeOptions,
  ProduceOptions,
  StateEvents,
  WebRtcTransportEvents,
  WebRtcTransportInternal,
  WebRtcTransportObserverEvents,
} from './transport_types.js';
import type { AppData } from './types.js';
import { encodeKind, encodeMapping, encodeRtpParameters } from './wire/rtp_encoder.js';
import { expectAnswer } from './wire/channel.js';

const logger = new Logger('WebRtcTransport');
const maxUint32 = 0xffffffff;

export class WebRtcTransport<
  Data extends AppData = AppData,
> extends EnhancedEventEmitter<WebRtcTransportEvents> {
  readonly observer = new EnhancedEventEmitter<WebRtcTransportObserverEvents>();
  readonly #internal: WebRtcTransportInternal<Data>;
  readonly #producers = new Map<string, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #usedSsrcs = new Set<number>();
  #closed = false;
  #iceState: IceState = 'new';
  #iceSelectedTuple: TransportTuple | undefined;
  #dtlsState: DtlsState = 'new';
  #dtlsRemoteCert: string | undefined;
  #cname: string | undefined;
  #nextMid = 0;

  /** @internal Use Router.createWebRtcTransport(). */
  constructor(internal: WebRtcTransportInternal<Data>) {
    super();
    this.#internal = internal;
    internal.channel.listen(internal.id, (notification) => this.#handle(notification));
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
    this.#requireOpen();
    await this.#internal.channel.call({
      method: RequestBody.SetMaxIncomingBitrate,
      target: this.id,
      body: new SetMaxIncomingBitrateT(asInteger(bitrate, 'bitrate', 0, maxUint32)),
      apply: () => undefined,
    });
  }

  async produce<ProducerData extends AppData = AppData>(
    options: ProduceOptions<ProducerData>,
  ): Promise<Producer<ProducerData>> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const { router, channel } = this.#internal;
    const id = optional(options.id, 'id', asId) ?? randomUUID();
    const kind = asOneOf(options.kind, 'kind', ['audio', 'video'] as const);
    const rtpParameters = ortc.validateProducerRtpParameters(kind, options.rtpParameters);
    const paused = optional(options.paused, 'paused', asBoolean) ?? false;
    const delay = asInteger(
      options.keyFrameRequestDelay ?? 0,
      'keyFrameRequestDelay',
      0,
      maxUint32,
    );
    const appData = asAppData(options.appData);
    this.#shareCname(rtpParameters);
    const ours = router.rtpCapabilities();
    const mapping = ortc.getProducerRtpParametersMapping(rtpParameters, ours);
    const consumable = ortc.getConsumableRtpParameters(kind, rtpParameters, ours, mapping);
    return channel.call({
      method: RequestBody.Produce,
      target: this.id,
      body: new ProduceT(
        id,
        encodeKind(kind),
        encodeRtpParameters(rtpParameters),
        encodeMapping(mapping),
        paused,
        delay,
      ),
      apply: (answer) => {
        const type = String(expectAnswer(answer, ProducedT).type) as ProducerType;
        this.#requireOpen();
        return this.#addProducer<ProducerData>({
          id,
          kind,
          rtpParameters,
          consumable,
          type,
          paused,
          appData,
        });
      },
      applyLate: () => channel.close(id),
    });
  }

  async consume<ConsumerData extends AppData = AppData>(
    options: ConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const { router, channel } = this.#internal;
    for (const name of ['ignoreDtx', 'pipe', 'preferredLayers'] as const)
      requireUnused(options[name], name);
    const producerId = asName(options.producerId, 'producerId');
    const producer = router.findProducer(producerId);
    if (!producer) throw new NotFoundError(`producerId: the router has no producer ${producerId}`);
    const paused = optional(options.paused, 'paused', asBoolean) ?? false;
    const enableRtx =
      optional(options.enableRtx, 'enableRtx', asBoolean) ?? producer.kind === 'video';
    const mid = optional(options.mid, 'mid', asName);
    const appData = asAppData(options.appData);
    const { kind, consumableRtpParameters } = producer;
    const ssrc = this.#takeSsrc();
    const rtpParameters = this.#consumerParameters(
      consumableRtpParameters,
      options.rtpCapabilities,
      {
        enableRtx,
        ssrc,
        mid,
      },
    );
    const id = randomUUID();
    const call = channel.call({
      method: RequestBody.Consume,
      target: this.id,
      body: new ConsumeT(
        id,
        producerId,
        encodeKind(kind),
        encodeRtpParameters(rtpParameters),
        paused,
      ),
      apply: (answer) => {
        const { type, producerPaused } = expectAnswer(answer, ConsumedT);
        this.#requireOpen();
        const described = { id, producerId, kind, rtpParameters, paused, producerPaused, appData };
        return this.#addConsumer<ConsumerData>(
          { ...described, type: String(type) as ProducerType },
          ssrc,
        );
      },
      applyLate: () => channel.close(id),
    });
    call.catch(() => this.#releaseSsrc(ssrc));
    return call;
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
        this.#releaseSsrc(ssrc);
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
      this.#releaseSsrc(ssrc);
      throw error;
    }
  }

  // RFC 3550 §8.1: random. Nine digits, so that both it and the RTX SSRC behind it stay readable
  // and far from the probator's 1234.
  #takeSsrc(): number {
    for (;;) {
      const ssrc = randomInt(100_000_000, 999_999_998);
      if (!this.#usedSsrcs.has(ssrc) && !this.#usedSsrcs.has(ssrc + 1)) {
        this.#usedSsrcs.add(ssrc).add(ssrc + 1);
        return ssrc;
      }
    }
  }

  #releaseSsrc(ssrc: number): void {
    this.#usedSsrcs.delete(ssrc);
    this.#usedSsrcs.delete(ssrc + 1);
  }

  // RFC 3550 §6.5.1: what comes from one participant has one CNAME, or receivers could not play
  // audio and video in step.
  #shareCname(rtpParameters: ValidParameters): void {
    this.#cname ??= rtpParameters.rtcp.cname || randomUUID().slice(0, 8);
    rtpParameters.rtcp.cname = this.#cname;
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
    } else {
      logger.debug(`transport ${this.id}: news ${bodyType} is not known here`);
    }
  }

  #tell<Name extends keyof StateEvents>(name: Name, ...args: StateEvents[Name]): void {
    (this as EnhancedEventEmitter<StateEvents>).safeEmit(name, ...args);
    (this.observer as EnhancedEventEmitter<StateEvents>).safeEmit(name, ...args);
  }
}

/** `appData` of any creator: an object, empty if missing. */
export function asAppData<Data extends AppData>(value: Data | undefined): Data {
  return (value === undefined ? {} : asDictionary(value, 'appData')) as Data;
}
