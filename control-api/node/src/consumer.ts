// A stream that a router sends to a peer.
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import {
  decodeDecisionLog,
  defaultDecisions,
  mostDecisions,
  type ConsumerDecisionLog,
} from './decision_log.js';
import {
  ConsumerScoreT,
  DecisionLogT,
  EnableDecisionLogT,
  GetDecisionLogT,
  GetStatsT,
  LayersChangeT,
  PauseT,
  PreferredLayersSetT,
  ProducerClosedT,
  ProducerPausedT,
  ProducerResumedT,
  RequestBody,
  RequestKeyFrameT,
  ResumeT,
  RtpReceivedT,
  SetPreferredLayersT,
  SetPriorityT,
  StreamStatsListT,
  TraceT,
  type NotificationT,
} from './generated/schema.js';
import { asConsumerLayers, decodeLayers, encodeLayers, type ConsumerLayers } from './layers.js';
import { Logger } from './logger.js';
import { asInteger } from './ortc/fields.js';
import type { MediaKind, RtpEncodingParameters, RtpParameters } from './rtp_types.js';
import { decodeStreamStats, type RtpStreamStat } from './stats.js';
import {
  consumerTraceTypes,
  decodeTrace,
  encodeTraceTypes,
  type ConsumerTraceEventData,
  type ConsumerTraceEventType,
} from './trace.js';
import type { AppData } from './types.js';
import { expectAnswer, type Answer, type Channel, type RequestBodyT } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';

const logger = new Logger('Consumer');

/** `pipe`: all encodings, for another router. */
export type ConsumerType = 'simple' | 'simulcast' | 'svc' | 'pipe';

/** 0 (nothing arrives) to 10 (nothing is lost). */
export interface ConsumerScore {
  /** Of the stream as this consumer's client gets it. */
  score: number;
  /** Of the producer's encoding that flows. */
  producerScore: number;
  /** Of all encodings, in the order of the producer's rtpParameters.encodings. */
  producerScores: number[];
}

/** Whom the transport serves first if its path is too narrow for all: 255 before 1. */
export const leastPriority = 1;
const mostPriority = 255;

type ChangeEvents = {
  score: [ConsumerScore];
  /** What flows from now on; undefined for nothing. `layersReason` says why. */
  layerschange: [ConsumerLayers | undefined];
  trace: [ConsumerTraceEventData];
  /** Of direct transports: a packet that would be sent. */
  rtp: [Buffer];
};

export type ConsumerEvents = ChangeEvents & {
  transportclose: [];
  producerclose: [];
  producerpause: [];
  producerresume: [];
  listenererror: [string, Error];
};

export type ConsumerObserverEvents = ChangeEvents & {
  close: [];
  pause: [];
  resume: [];
};

export interface ConsumerInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  producerId: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  type: ConsumerType;
  paused: boolean;
  producerPaused: boolean;
  preferredLayers: ConsumerLayers | undefined;
  priority: number;
  /** Of the producer. */
  consumableRtpEncodings: RtpEncodingParameters[];
  appData: Data;
  /** Called when the consumer is closed, by whomever. */
  onClose: () => void;
}

export class Consumer<Data extends AppData = AppData> extends EnhancedEventEmitter<ConsumerEvents> {
  readonly observer = new EnhancedEventEmitter<ConsumerObserverEvents>();
  readonly #internal: ConsumerInternal<Data>;
  #closed = false;
  #paused: boolean;
  #producerPaused: boolean;
  #preferredLayers: ConsumerLayers | undefined;
  #currentLayers: ConsumerLayers | undefined;
  #layersReason: string | undefined;
  #priority: number;
  // Until the first report there is nothing to complain about.
  #score: ConsumerScore = { score: 10, producerScore: 10, producerScores: [] };

  /** @internal Use WebRtcTransport.consume(). */
  constructor(internal: ConsumerInternal<Data>) {
    super();
    this.#internal = internal;
    this.#paused = internal.paused;
    this.#producerPaused = internal.producerPaused;
    this.#preferredLayers = internal.preferredLayers;
    this.#priority = internal.priority;
    internal.channel.listen(internal.id, (notification) => this.#handle(notification));
  }

  get id(): string {
    return this.#internal.id;
  }

  get producerId(): string {
    return this.#internal.producerId;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get kind(): MediaKind {
    return this.#internal.kind;
  }

  get rtpParameters(): RtpParameters {
    return this.#internal.rtpParameters;
  }

  get type(): ConsumerType {
    return this.#internal.type;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get producerPaused(): boolean {
    return this.#producerPaused;
  }

  get score(): ConsumerScore {
    return this.#score;
  }

  /**
   * The highest layers that are of use: as asked for, else the highest that the producer declares.
   * Undefined for audio and for video without layers.
   */
  get preferredLayers(): ConsumerLayers | undefined {
    return this.#preferredLayers;
  }

  /** What flows; undefined for nothing, for audio, and until the worker has decided. */
  get currentLayers(): ConsumerLayers | undefined {
    return this.#currentLayers;
  }

  /**
   * Our addition: why `currentLayers` last changed, in one word of the worker, as "bandwidthDown".
   * Undefined until the first 'layerschange'.
   */
  get layersReason(): string | undefined {
    return this.#layersReason;
  }

  /** 1 to 255. */
  get priority(): number {
    return this.#priority;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#internal.channel.close(this.id);
    this.observer.safeEmit('close');
  }

  /** @internal The transport is gone, and the consumer in the worker with it. */
  transportClosed(): void {
    if (this.#closed) return;
    this.#end();
    this.safeEmit('transportclose');
    this.observer.safeEmit('close');
  }

  /**
   * @internal The producer has been closed, and whoever knows it does not wait for the worker to say
   * so. The same as when the worker does.
   */
  producerClosed(): void {
    if (this.#closed) return;
    this.#internal.channel.close(this.id);
    this.#producerClosed();
  }

  async dump(): Promise<Dump> {
    this.#requireOpen();
    const { kind, type, rtpParameters } = this;
    const media = rtpParameters.codecs.filter(({ mimeType }) => !/\/rtx$/i.test(mimeType));
    const supportedCodecPayloadTypes = media.map(({ payloadType }) => payloadType);
    return askDump(this.#internal.channel, this.id, () => ({
      ...{ kind, type, rtpParameters, supportedCodecPayloadTypes },
      consumableRtpEncodings: this.#internal.consumableRtpEncodings,
    }));
  }

  /** The stream as it is sent (on a pipe, one for each encoding), then the producer's stream that feeds it. */
  async getStats(): Promise<RtpStreamStat[]> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer) =>
        expectAnswer(answer, StreamStatsListT).streams.map((stream, index) =>
          decodeStreamStats(stream, index < this.#sentStreams() ? 'outbound-rtp' : 'inbound-rtp'),
        ),
    });
  }

  async pause(): Promise<void> {
    const apply = (): void => this.#setPaused(true);
    await this.#command(RequestBody.Pause, new PauseT(), apply);
  }

  async resume(): Promise<void> {
    const apply = (): void => this.#setPaused(false);
    await this.#command(RequestBody.Resume, new ResumeT(), apply);
  }

  /** Asks the producer for a picture that can be decoded by itself. Nothing for audio. */
  async requestKeyFrame(): Promise<void> {
    this.#requireOpen();
    if (this.kind !== 'video') return;
    await this.#command(RequestBody.RequestKeyFrame, new RequestKeyFrameT(), () => undefined);
  }

  /**
   * The highest layers that are of use to the client, say because its tile is small. What is sent
   * may be lower. Nothing for audio. Rejects with a TypeError for what are no layers; numbers
   * beyond what the producer has stand for the highest.
   */
  async setPreferredLayers(layers: ConsumerLayers): Promise<void> {
    const wanted = asConsumerLayers(layers, 'layers');
    this.#requireOpen();
    // What a pipe carries is for its other end to say.
    if (this.kind !== 'video' || this.type === 'pipe') return;
    const body = new SetPreferredLayersT(encodeLayers(wanted));
    await this.#command(RequestBody.SetPreferredLayers, body, (answer) => {
      const granted = decodeLayers(expectAnswer(answer, PreferredLayersSetT).layers);
      // All of them, for which the worker has a number of its own.
      if (granted && wanted.temporalLayer === undefined) delete granted.temporalLayer;
      this.#preferredLayers = granted;
    });
  }

  /** 1 to 255, else a TypeError: who of the transport is served first, and with more. */
  async setPriority(priority: number): Promise<void> {
    const body = new SetPriorityT(asPriority(priority, 'priority'));
    await this.#command(RequestBody.SetPriority, body, () => {
      this.#priority = priority;
    });
  }

  /** Back to 1. */
  async unsetPriority(): Promise<void> {
    await this.setPriority(leastPriority);
  }

  /**
   * Of these types, and no others, 'trace' events come from now on; none if empty. Rejects with a
   * TypeError for a type that consumers do not have.
   */
  async enableTraceEvent(types: ConsumerTraceEventType[] = []): Promise<void> {
    const body = encodeTraceTypes(types, consumerTraceTypes);
    await this.#command(RequestBody.EnableTraceEvents, body, () => undefined);
  }

  /**
   * Our addition: keeps the last so many decisions about this consumer from now on, 1 to 1,024; 0 for
   * none any more. What was kept before is forgotten.
   */
  async enableDecisionLog(entries: number = defaultDecisions): Promise<void> {
    const body = new EnableDecisionLogT(asInteger(entries, 'entries', 0, mostDecisions));
    await this.#command(RequestBody.EnableDecisionLog, body, () => undefined);
  }

  /** Rejects with an InvalidStateError if the log is not enabled. */
  async getDecisionLog(): Promise<ConsumerDecisionLog> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetDecisionLog,
      target: this.id,
      body: new GetDecisionLogT(),
      apply: (answer) => decodeDecisionLog(expectAnswer(answer, DecisionLogT)),
    });
  }

  #command(
    method: RequestBody,
    body: RequestBodyT,
    apply: (answer: Answer) => void,
  ): Promise<void> {
    this.#requireOpen();
    return this.#internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
  }

  #sentStreams(): number {
    return this.type === 'pipe' ? (this.rtpParameters.encodings ?? []).length : 1;
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the consumer is closed');
  }

  #end(): void {
    this.#closed = true;
    this.#internal.channel.unlisten(this.id);
    this.#internal.onClose();
  }

  #setPaused(paused: boolean): void {
    if (this.#closed || this.#paused === paused) return;
    this.#paused = paused;
    this.observer.safeEmit(paused ? 'pause' : 'resume');
  }

  #setProducerPaused(paused: boolean): void {
    if (this.#producerPaused === paused) return;
    this.#producerPaused = paused;
    this.safeEmit(paused ? 'producerpause' : 'producerresume');
  }

  #handle({ body, bodyType }: NotificationT): void {
    if (body instanceof ProducerClosedT) {
      this.#producerClosed();
    } else if (body instanceof ProducerPausedT) {
      this.#setProducerPaused(true);
    } else if (body instanceof ProducerResumedT) {
      this.#setProducerPaused(false);
    } else if (body instanceof ConsumerScoreT) {
      const { score, producerScore, producerScores } = body;
      this.#score = { score, producerScore, producerScores: [...producerScores] };
      this.#tell('score', this.#score);
    } else if (body instanceof LayersChangeT) {
      this.#currentLayers = decodeLayers(body.layers);
      this.#layersReason = String(body.reason);
      this.#tell('layerschange', this.#currentLayers);
    } else if (body instanceof RtpReceivedT) {
      this.#tell('rtp', Buffer.from(body.packet?.bytes ?? []));
    } else if (body instanceof TraceT) {
      const trace = decodeTrace(body, consumerTraceTypes);
      if (trace) this.#tell('trace', trace as ConsumerTraceEventData);
    } else {
      logger.debug(`consumer ${this.id}: news ${bodyType} is not known here`);
    }
  }

  #tell<Name extends keyof ChangeEvents>(name: Name, ...args: ChangeEvents[Name]): void {
    (this as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
    (this.observer as EnhancedEventEmitter<ChangeEvents>).safeEmit(name, ...args);
  }

  // The worker has closed the consumer already.
  #producerClosed(): void {
    this.#end();
    this.safeEmit('producerclose');
    this.observer.safeEmit('close');
  }
}

export function asPriority(value: unknown, where: string): number {
  return asInteger(value, where, leastPriority, mostPriority);
}
