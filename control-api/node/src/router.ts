// A room of media: what producers send to a router, consumers of the same router can get.
import { randomUUID } from 'node:crypto';

import {
  ActiveSpeakerObserver,
  encodeActiveSpeakerObserver,
  type ActiveSpeakerObserverOptions,
} from './active_speaker_observer.js';
import {
  AudioLevelObserver,
  encodeAudioLevelObserver,
  type AudioLevelObserverOptions,
} from './audio_level_observer.js';
import type { DataProducer } from './data_producer.js';
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import {
  DirectTransport,
  encodeDirectTransport,
  type DirectTransportOptions,
} from './direct_transport.js';
import {
  PlainTransportCreatedT,
  RequestBody,
  WebRtcTransportCreatedT,
} from './generated/schema.js';
import {
  decodeDtlsRole,
  decodeFingerprint,
  decodeIceCandidate,
  decodeIceParameters,
} from './ice_dtls.js';
import { Logger } from './logger.js';
import * as ortc from './ortc.js';
import { asAppData, asBoolean, asDictionary, optional } from './ortc/fields.js';
import {
  pipeDataToRouter,
  type PipeDataToRouterOptions,
  type PipeDataToRouterResult,
} from './pipe_data_to_router.js';
import {
  pipeToRouter,
  type PipeToRouterOptions,
  type PipeToRouterResult,
} from './pipe_to_router.js';
import { encodePipeTransport, PipeTransport, type PipeTransportOptions } from './pipe_transport.js';
import {
  encodePlainTransport,
  PlainTransport,
  readPlainTraits,
  type PlainTransportOptions,
} from './plain_transport.js';
import type { Producer } from './producer.js';
import type { RtpObserver, RtpObserverInternal } from './rtp_observer.js';
import type { RtpCapabilities, RtpCodecCapability } from './rtp_types.js';
import { decodeSctpParameters } from './sctp.js';
import {
  StatsSubscription,
  type StatsEvents,
  type StatsSubscriptionOptions,
} from './stats_subscription.js';
import { askRouterStats, type RouterStat } from './traffic_stats.js';
import type { Transport } from './transport.js';
import type { TransportInternal, TransportRouter } from './transport_types.js';
import type { AppData } from './types.js';
import type { WebRtcServer } from './webrtc_server.js';
import { encodeTransportOptions, type WebRtcTransportOptions } from './webrtc_options.js';
import { WebRtcTransport } from './webrtc_transport.js';
import { expectAnswer, type Answer, type Channel, type RequestBodyT } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';

const logger = new Logger('Router');

export interface RouterOptions<Data extends AppData = AppData> {
  /** What the router forwards; nothing if missing. */
  mediaCodecs?: RtpCodecCapability[];
  /**
   * Our addition: of all who speak, only so many of the loudest are forwarded. 1 to 64; 0, or
   * missing, for everybody.
   */
  loudestSpeakers?: number;
  appData?: Data;
}

export type RouterEvents = StatsEvents & {
  workerclose: [];
  listenererror: [string, Error];
};

export type RouterObserverEvents = {
  close: [];
  newtransport: [Transport];
  newrtpobserver: [RtpObserver];
};

export type { WebRtcTransportOptions } from './webrtc_options.js';

export interface RouterInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  rtpCapabilities: RtpCapabilities;
  appData: Data;
  onClose: () => void;
}

/** @internal */
export interface PipeInternals {
  channel: Channel;
  findProducer: (id: string) => Producer | undefined;
  findDataProducer: (id: string) => DataProducer | undefined;
}

export class Router<Data extends AppData = AppData> extends EnhancedEventEmitter<RouterEvents> {
  readonly observer = new EnhancedEventEmitter<RouterObserverEvents>();
  readonly #internal: RouterInternal<Data>;
  readonly #transports = new Map<string, Transport>();
  readonly #producers = new Map<string, Producer>();
  readonly #dataProducers = new Map<string, DataProducer>();
  readonly #rtpObservers = new Map<string, RtpObserver>();
  readonly #stats: StatsSubscription;
  #closed = false;

  /** @internal Use Worker.createRouter(). */
  constructor(internal: RouterInternal<Data>) {
    super();
    this.#internal = internal;
    this.#stats = new StatsSubscription(internal.channel, internal.id, (snapshot) =>
      this.safeEmit('stats', snapshot),
    );
  }

  get id(): string {
    return this.#internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#internal.rtpCapabilities;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** Also closes its transports and observers. */
  close(): void {
    if (this.#closed) return;
    this.#internal.channel.close(this.id);
    this.#end();
    this.observer.safeEmit('close');
  }

  /** @internal */
  workerClosed(): void {
    if (this.#closed) return;
    this.#end();
    this.safeEmit('workerclose');
    this.observer.safeEmit('close');
  }

  /** @internal What pipes have to know. */
  pipeInternals(): PipeInternals {
    return {
      channel: this.#internal.channel,
      findProducer: (producerId) => this.#producers.get(producerId),
      findDataProducer: (dataProducerId) => this.#dataProducers.get(dataProducerId),
    };
  }

  async dump(): Promise<Dump> {
    this.#requireOpen();
    return askDump(this.#internal.channel, this.id);
  }

  /** Our addition: what all its transports did, those that have closed included. */
  async getStats(): Promise<RouterStat> {
    this.#requireOpen();
    return askRouterStats(this.#internal.channel, this.id);
  }

  /** Our addition: as of a transport, for all that belongs to the router. */
  async subscribeStats(options: StatsSubscriptionOptions = {}): Promise<void> {
    this.#requireOpen();
    await this.#stats.subscribe(options);
  }

  /** Fine if there is no subscription. */
  async unsubscribeStats(): Promise<void> {
    this.#requireOpen();
    await this.#stats.unsubscribe();
  }

  async createWebRtcTransport<TransportData extends AppData = AppData>(
    options: WebRtcTransportOptions<TransportData>,
  ): Promise<WebRtcTransport<TransportData>> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const { channel } = this.#internal;
    const { webRtcServer } = options;
    const appData = asAppData(options.appData);
    const id = randomUUID();
    return channel.call({
      method: RequestBody.CreateWebRtcTransport,
      target: this.id,
      body: encodeTransportOptions(id, options),
      apply: (answer) => {
        const created = expectAnswer(answer, WebRtcTransportCreatedT);
        this.#requireOpen();
        if (webRtcServer?.closed) {
          channel.close(id);
          throw new InvalidStateError('webRtcServer was closed meanwhile');
        }
        return this.#addTransport(id, created, webRtcServer, appData);
      },
      applyLate: () => channel.close(id),
    });
  }

  /** RTP with a media tool: FFmpeg, GStreamer, a SIP gateway. */
  async createPlainTransport<TransportData extends AppData = AppData>(
    options: PlainTransportOptions<TransportData>,
  ): Promise<PlainTransport<TransportData>> {
    const id = randomUUID();
    const body = encodePlainTransport(id, options);
    const method = RequestBody.CreatePlainTransport;
    return this.#createTransport({ method, body, id }, options.appData, (internal, answer) => {
      const created = expectAnswer(answer, PlainTransportCreatedT);
      const sctpParameters = decodeSctpParameters(created.sctp, false);
      const traits = readPlainTraits(options);
      return new PlainTransport<TransportData>({ ...internal, created, sctpParameters, traits });
    });
  }

  /** One end of a pipe; of two routers of this application, pipeToRouter() makes both. */
  async createPipeTransport<TransportData extends AppData = AppData>(
    options: PipeTransportOptions<TransportData>,
  ): Promise<PipeTransport<TransportData>> {
    const id = randomUUID();
    const body = encodePipeTransport(id, options);
    const enableRtx = optional(options.enableRtx, 'enableRtx', asBoolean) ?? false;
    const method = RequestBody.CreatePipeTransport;
    return this.#createTransport({ method, body, id }, options.appData, (internal, answer) => {
      const created = expectAnswer(answer, PlainTransportCreatedT);
      const sctpParameters = decodeSctpParameters(created.sctp, false);
      return new PipeTransport<TransportData>({ ...internal, created, enableRtx, sctpParameters });
    });
  }

  /** The application itself as a peer. */
  async createDirectTransport<TransportData extends AppData = AppData>(
    options: DirectTransportOptions<TransportData> = {},
  ): Promise<DirectTransport<TransportData>> {
    const id = randomUUID();
    const body = encodeDirectTransport(id, options);
    const method = RequestBody.CreateDirectTransport;
    return this.#createTransport({ method, body, id }, options.appData, (internal) => {
      return new DirectTransport<TransportData>(internal);
    });
  }

  /**
   * Makes a producer, or data producer, of this router one of another router as well, of whichever
   * worker of this application. The pipe between the two is made once and serves both directions;
   * asked for the same again, the same is given.
   */
  async pipeToRouter(options: PipeToRouterOptions): Promise<PipeToRouterResult>;
  async pipeToRouter(options: PipeDataToRouterOptions): Promise<PipeDataToRouterResult>;
  async pipeToRouter(
    options: PipeToRouterOptions | PipeDataToRouterOptions,
  ): Promise<PipeToRouterResult | PipeDataToRouterResult> {
    this.#requireOpen();
    asDictionary(options, 'options');
    const { producerId, dataProducerId } = options;
    if ((producerId === undefined) === (dataProducerId === undefined))
      throw new TypeError('either producerId or dataProducerId has to be given');
    const source = this as unknown as Router;
    return options.dataProducerId === undefined
      ? pipeToRouter(source, options)
      : pipeDataToRouter(source, options);
  }

  /** Watches the producers that are added to it, and tells who is how loud. */
  async createAudioLevelObserver<ObserverData extends AppData = AppData>(
    options: AudioLevelObserverOptions<ObserverData> = {},
  ): Promise<AudioLevelObserver<ObserverData>> {
    const id = randomUUID();
    const body = encodeAudioLevelObserver(id, options);
    const method = RequestBody.CreateAudioLevelObserver;
    return this.#createObserver({ method, body, id }, options.appData, (internal) => {
      return new AudioLevelObserver<ObserverData>(internal);
    });
  }

  /** Watches the producers that are added to it, and tells who dominates the conversation. */
  async createActiveSpeakerObserver<ObserverData extends AppData = AppData>(
    options: ActiveSpeakerObserverOptions<ObserverData> = {},
  ): Promise<ActiveSpeakerObserver<ObserverData>> {
    const id = randomUUID();
    const body = encodeActiveSpeakerObserver(id, options);
    const method = RequestBody.CreateActiveSpeakerObserver;
    return this.#createObserver({ method, body, id }, options.appData, (internal) => {
      return new ActiveSpeakerObserver<ObserverData>(internal);
    });
  }

  /**
   * What producers may send from now on; those that exist stay as they are. Clients have to be told
   * the new `rtpCapabilities`, and codecs in use should keep their payload types by
   * `preferredPayloadType`: RFC 8843 §9.1 wants one meaning for each in a bundle.
   */
  updateMediaCodecs(mediaCodecs: RtpCodecCapability[]): void {
    this.#requireOpen();
    this.#internal.rtpCapabilities = ortc.generateRouterRtpCapabilities(mediaCodecs);
  }

  /** True if a client with these capabilities can decode the producer's stream. Never throws. */
  canConsume(options: { producerId: string; rtpCapabilities: RtpCapabilities }): boolean {
    const { producerId, rtpCapabilities } = options ?? {};
    const producer = this.#producers.get(producerId);
    if (!producer) {
      logger.warn(`canConsume: the router has no producer ${producerId}`);
      return false;
    }
    try {
      return ortc.canConsume(producer.consumableRtpParameters, rtpCapabilities);
    } catch (error) {
      logger.warn(`canConsume: ${(error as Error).message}`);
      return false;
    }
  }

  #addTransport<TransportData extends AppData>(
    id: string,
    created: WebRtcTransportCreatedT,
    webRtcServer: WebRtcServer | undefined,
    appData: TransportData,
  ): WebRtcTransport<TransportData> {
    const transport = new WebRtcTransport<TransportData>({
      channel: this.#internal.channel,
      id,
      router: this.#forTransports(),
      webRtcServer,
      iceParameters: decodeIceParameters(created.iceParameters),
      iceCandidates: created.iceCandidates.map(decodeIceCandidate),
      dtlsParameters: {
        role: decodeDtlsRole(created.dtlsRole),
        fingerprints: created.dtlsFingerprints.map(decodeFingerprint),
      },
      sctpParameters: decodeSctpParameters(created.sctp, true),
      appData,
      onClose: () => void this.#transports.delete(id),
    });
    this.#transports.set(id, transport as unknown as Transport);
    webRtcServer?.attach(transport as unknown as WebRtcTransport);
    this.observer.safeEmit('newtransport', transport as unknown as Transport);
    return transport;
  }

  #createTransport<TransportData extends AppData, Made>(
    request: { method: RequestBody; body: RequestBodyT; id: string },
    data: TransportData | undefined,
    make: (internal: TransportInternal<TransportData>, answer: Answer) => Made,
  ): Promise<Made> {
    this.#requireOpen();
    const { channel } = this.#internal;
    const { method, body, id } = request;
    const appData = asAppData(data);
    return channel.call({
      method,
      target: this.id,
      body,
      apply: (answer) => {
        this.#requireOpen();
        const onClose = (): void => void this.#transports.delete(id);
        const router = this.#forTransports();
        const transport = make({ channel, id, router, appData, onClose }, answer);
        const anyTransport = transport as unknown as Transport;
        this.#transports.set(id, anyTransport);
        this.observer.safeEmit('newtransport', anyTransport);
        return transport;
      },
      applyLate: () => channel.close(id),
    });
  }

  #forTransports(): TransportRouter {
    return {
      // Not a copy: updateMediaCodecs() concerns transports that are there already.
      rtpCapabilities: () => this.rtpCapabilities,
      addProducer: (producer) => void this.#producers.set(producer.id, producer),
      removeProducer: (producer) => void this.#producers.delete(producer.id),
      findProducer: (producerId) => this.#producers.get(producerId),
      addDataProducer: (producer) => void this.#dataProducers.set(producer.id, producer),
      removeDataProducer: (producer) => void this.#dataProducers.delete(producer.id),
      findDataProducer: (producerId) => this.#dataProducers.get(producerId),
    };
  }

  #createObserver<ObserverData extends AppData, Observer>(
    request: { method: RequestBody; body: RequestBodyT; id: string },
    data: ObserverData | undefined,
    make: (internal: RtpObserverInternal<ObserverData>) => Observer,
  ): Promise<Observer> {
    this.#requireOpen();
    const { channel } = this.#internal;
    const { method, body, id } = request;
    const appData = asAppData(data);
    return channel.call({
      method,
      target: this.id,
      body,
      apply: () => {
        this.#requireOpen();
        const findProducer = (producerId: string): Producer | undefined =>
          this.#producers.get(producerId);
        const onClose = (): void => void this.#rtpObservers.delete(id);
        const observer = make({ channel, id, appData, findProducer, onClose });
        const anyObserver = observer as unknown as RtpObserver;
        this.#rtpObservers.set(id, anyObserver);
        this.observer.safeEmit('newrtpobserver', anyObserver);
        return observer;
      },
      applyLate: () => channel.close(id),
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the router is closed');
  }

  #end(): void {
    this.#closed = true;
    this.#stats.end();
    for (const transport of [...this.#transports.values()]) transport.routerClosed();
    for (const observer of [...this.#rtpObservers.values()]) observer.routerClosed();
    this.#internal.onClose();
  }
}
