// What data producers and data consumers have in common: a life, a pause, statistics.
import { EnhancedEventEmitter, type EventsOf } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import { GetStatsT, PauseT, RequestBody, ResumeT, type NotificationT } from './generated/schema.js';
import type { Answer, Channel, RequestBodyT } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';
import type { SctpStreamParameters } from './sctp.js';
import type { AppData } from './types.js';

export type DataType = 'sctp' | 'direct';

export interface DataObjectInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  /** Undefined if the application itself speaks or listens. */
  sctpStreamParameters: SctpStreamParameters | undefined;
  label: string;
  protocol: string;
  paused: boolean;
  appData: Data;
  /** Called when the object is closed, by whomever. */
  onClose: () => void;
}

type OwnEvents = { transportclose: []; listenererror: [string, Error] };
type WatcherEvents = { close: []; pause: []; resume: [] };

export abstract class DataObject<
  Data extends AppData,
  Events extends OwnEvents & EventsOf<Events>,
  Internal extends DataObjectInternal<Data>,
> extends EnhancedEventEmitter<Events> {
  readonly observer = new EnhancedEventEmitter<WatcherEvents>();
  /** @internal */
  protected readonly internal: Internal;
  #closed = false;
  #paused: boolean;

  protected constructor(internal: Internal) {
    super();
    this.internal = internal;
    this.#paused = internal.paused;
    internal.channel.listen(internal.id, (notification) => this.handle(notification));
  }

  /** @internal What the worker tells. */
  protected abstract handle(notification: NotificationT): void;

  get id(): string {
    return this.internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get type(): DataType {
    return this.internal.sctpStreamParameters ? 'sctp' : 'direct';
  }

  get sctpStreamParameters(): SctpStreamParameters | undefined {
    return this.internal.sctpStreamParameters;
  }

  get label(): string {
    return this.internal.label;
  }

  get protocol(): string {
    return this.internal.protocol;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get appData(): Data {
    return this.internal.appData;
  }

  set appData(appData: Data) {
    this.internal.appData = appData;
  }

  /** The channel at the client is closed as well, unless the other direction of it is in use. */
  close(): void {
    if (this.#closed) return;
    this.end();
    this.internal.channel.close(this.id);
    this.observer.safeEmit('close');
  }

  /** @internal The transport is gone, and the object in the worker with it. */
  transportClosed(): void {
    if (this.#closed) return;
    this.end();
    (this as unknown as EnhancedEventEmitter<OwnEvents>).safeEmit('transportclose');
    this.observer.safeEmit('close');
  }

  async dump(): Promise<Dump> {
    if (this.#closed) throw new InvalidStateError('it is closed');
    return askDump(this.internal.channel, this.id, () => this.known());
  }

  /** @internal What dump() adds to the worker's part. */
  protected known(): Dump {
    return { sctpStreamParameters: this.sctpStreamParameters };
  }

  async pause(): Promise<void> {
    await this.ask(RequestBody.Pause, new PauseT(), () => this.#setPaused(true));
  }

  async resume(): Promise<void> {
    await this.ask(RequestBody.Resume, new ResumeT(), () => this.#setPaused(false));
  }

  /** @internal */
  protected askStats<Stats>(read: (answer: Answer) => Stats): Promise<Stats> {
    return this.ask(RequestBody.GetStats, new GetStatsT(), read);
  }

  /** @internal */
  protected ask<Result>(
    method: RequestBody,
    body: RequestBodyT,
    apply: (answer: Answer) => Result,
  ): Promise<Result> {
    if (this.#closed) return Promise.reject(new InvalidStateError('it is closed'));
    return this.internal.channel.call({
      method,
      target: this.id,
      body,
      apply,
      applyLate: (answer) => void apply(answer),
    });
  }

  /** @internal */
  protected end(): void {
    this.#closed = true;
    this.internal.channel.unlisten(this.id);
    this.internal.onClose();
  }

  #setPaused(paused: boolean): void {
    if (this.#closed || this.#paused === paused) return;
    this.#paused = paused;
    this.observer.safeEmit(paused ? 'pause' : 'resume');
  }
}
