// A stream that a router sends to a peer.
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import {
  ConsumerScoreT,
  DumpT,
  DumpTextT,
  GetStatsT,
  PauseT,
  ProducerClosedT,
  ProducerPausedT,
  ProducerResumedT,
  RequestBody,
  RequestKeyFrameT,
  ResumeT,
  StreamStatsListT,
  type NotificationT,
} from './generated/schema.js';
import { Logger } from './logger.js';
import type { MediaKind, RtpParameters } from './rtp_types.js';
import { decodeStreamStats, type RtpStreamStat } from './stats.js';
import type { AppData } from './types.js';
import { expectAnswer, type Channel, type RequestBodyT } from './wire/channel.js';

const logger = new Logger('Consumer');

export type ConsumerType = 'simple' | 'simulcast' | 'svc';

/**
 * 0 (nothing arrives) to 10 (nothing is lost): here, at the producer, and for each of its
 * encodings.
 */
export interface ConsumerScore {
  score: number;
  producerScore: number;
  producerScores: number[];
}

export type ConsumerEvents = {
  transportclose: [];
  producerclose: [];
  producerpause: [];
  producerresume: [];
  score: [ConsumerScore];
  listenererror: [string, Error];
};

export type ConsumerObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  score: [ConsumerScore];
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
  // Until the first report there is nothing to complain about.
  #score: ConsumerScore = { score: 10, producerScore: 10, producerScores: [] };

  /** @internal Use WebRtcTransport.consume(). */
  constructor(internal: ConsumerInternal<Data>) {
    super();
    this.#internal = internal;
    this.#paused = internal.paused;
    this.#producerPaused = internal.producerPaused;
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

  async dump(): Promise<unknown> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.Dump,
      target: this.id,
      body: new DumpT(),
      apply: (answer): unknown => JSON.parse(String(expectAnswer(answer, DumpTextT).json)),
    });
  }

  /** The stream as it is sent, then the producer's stream that feeds it. */
  async getStats(): Promise<RtpStreamStat[]> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer) =>
        expectAnswer(answer, StreamStatsListT).streams.map((stream, index) =>
          decodeStreamStats(stream, index === 0 ? 'outbound-rtp' : 'inbound-rtp'),
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

  #command(method: RequestBody, body: RequestBodyT, apply: () => void): Promise<void> {
    this.#requireOpen();
    return this.#internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
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
      const { score, producerScore } = body;
      this.#score = { score, producerScore, producerScores: [producerScore] };
      this.safeEmit('score', this.#score);
      this.observer.safeEmit('score', this.#score);
    } else {
      logger.debug(`consumer ${this.id}: news ${bodyType} is not known here`);
    }
  }

  // The worker has closed the consumer already.
  #producerClosed(): void {
    this.#end();
    this.safeEmit('producerclose');
    this.observer.safeEmit('close');
  }
}
