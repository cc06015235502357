// A stream that a peer sends to a router.
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import {
  DumpT,
  DumpTextT,
  GetStatsT,
  PauseT,
  ProducerScoreT,
  RequestBody,
  ResumeT,
  StreamStatsListT,
  type NotificationT,
} from './generated/schema.js';
import { Logger } from './logger.js';
import type { ValidParameters } from './ortc/validation.js';
import type { MediaKind, RtpParameters } from './rtp_types.js';
import { decodeStreamStats, type RtpStreamStat } from './stats.js';
import type { AppData } from './types.js';
import { expectAnswer, type Channel } from './wire/channel.js';

const logger = new Logger('Producer');

export type ProducerType = 'simple' | 'simulcast' | 'svc';

/** 0 (nothing arrives) to 10 (nothing is lost), for each encoding. */
export interface ProducerScore {
  encodingIdx: number;
  ssrc: number;
  rid?: string;
  score: number;
}

export type ProducerEvents = {
  transportclose: [];
  score: [ProducerScore[]];
  listenererror: [string, Error];
};

export type ProducerObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  score: [ProducerScore[]];
};

export interface ProducerInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  consumable: ValidParameters;
  type: ProducerType;
  paused: boolean;
  appData: Data;
  /** Called when the producer is closed, by whomever. */
  onClose: () => void;
}

export class Producer<Data extends AppData = AppData> extends EnhancedEventEmitter<ProducerEvents> {
  readonly observer = new EnhancedEventEmitter<ProducerObserverEvents>();
  readonly #internal: ProducerInternal<Data>;
  #closed = false;
  #paused: boolean;
  #score: ProducerScore[] = [];

  /** @internal Use WebRtcTransport.produce(). */
  constructor(internal: ProducerInternal<Data>) {
    super();
    this.#internal = internal;
    this.#paused = internal.paused;
    internal.channel.listen(internal.id, (notification) => this.#handle(notification));
  }

  get id(): string {
    return this.#internal.id;
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

  get type(): ProducerType {
    return this.#internal.type;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get score(): ProducerScore[] {
    return this.#score;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** @internal What consumers of this producer may get. */
  get consumableRtpParameters(): ValidParameters {
    return this.#internal.consumable;
  }

  /** Also closes its consumers, on whatever transport. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#internal.channel.close(this.id);
    this.observer.safeEmit('close');
  }

  /** @internal The transport is gone, and the producer in the worker with it. */
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

  async getStats(): Promise<RtpStreamStat[]> {
    this.#requireOpen();
    return this.#internal.channel.call({
      method: RequestBody.GetStats,
      target: this.id,
      body: new GetStatsT(),
      apply: (answer) =>
        expectAnswer(answer, StreamStatsListT).streams.map((stream) =>
          decodeStreamStats(stream, 'inbound-rtp'),
        ),
    });
  }

  async pause(): Promise<void> {
    this.#requireOpen();
    const apply = (): void => this.#setPaused(true);
    await this.#internal.channel.call({
      method: RequestBody.Pause,
      target: this.id,
      body: new PauseT(),
      apply,
      applyLate: apply,
    });
  }

  async resume(): Promise<void> {
    this.#requireOpen();
    const apply = (): void => this.#setPaused(false);
    await this.#internal.channel.call({
      method: RequestBody.Resume,
      target: this.id,
      body: new ResumeT(),
      apply,
      applyLate: apply,
    });
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the producer is closed');
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

  #handle({ body, bodyType }: NotificationT): void {
    if (!(body instanceof ProducerScoreT)) {
      logger.debug(`producer ${this.id}: news ${bodyType} is not known here`);
      return;
    }
    const encodings = this.rtpParameters.encodings ?? [];
    this.#score = body.scores.map(({ ssrc, rid, score }, position) => {
      const name = rid ? String(rid) : undefined;
      const found = encodings.findIndex((encoding) =>
        name === undefined ? encoding.ssrc === ssrc : encoding.rid === name,
      );
      const encodingIdx = found < 0 ? position : found;
      return { encodingIdx, ssrc, ...(name === undefined ? {} : { rid: name }), score };
    });
    this.safeEmit('score', this.#score);
    this.observer.safeEmit('score', this.#score);
  }
}
