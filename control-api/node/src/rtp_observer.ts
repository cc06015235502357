// Watches some of a router's producers and tells about them.
import { EnhancedEventEmitter, type EventsOf } from './event_emitter.js';
import { InvalidStateError, NotFoundError } from './errors.js';
import {
  AddProducerT,
  PauseT,
  RemoveProducerT,
  RequestBody,
  ResumeT,
  type NotificationT,
} from './generated/schema.js';
import { asDictionary, asName } from './ortc/fields.js';
import type { Producer } from './producer.js';
import type { AppData } from './types.js';
import type { Channel, RequestBodyT } from './wire/channel.js';

export type RtpObserverType = 'audiolevel' | 'activespeaker';

export interface RtpObserverAddRemoveProducerOptions {
  /** An audio producer of the observer's router. */
  producerId: string;
}

export type RtpObserverEvents = {
  routerclose: [];
  listenererror: [string, Error];
};

export type RtpObserverObserverEvents = {
  close: [];
  pause: [];
  resume: [];
  addproducer: [Producer];
  removeproducer: [Producer];
};

export interface RtpObserverInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  appData: Data;
  findProducer: (id: string) => Producer | undefined;
  /** Called when the observer is closed, by whomever. */
  onClose: () => void;
}

export abstract class RtpObserver<
  Data extends AppData = AppData,
  Events extends RtpObserverEvents & EventsOf<Events> = RtpObserverEvents,
  ObserverEvents extends RtpObserverObserverEvents & EventsOf<ObserverEvents> =
    RtpObserverObserverEvents,
> extends EnhancedEventEmitter<Events> {
  readonly observer = new EnhancedEventEmitter<ObserverEvents>();
  readonly #internal: RtpObserverInternal<Data>;
  #closed = false;
  #paused = false;

  /** @internal Use a create method of Router. */
  protected constructor(internal: RtpObserverInternal<Data>) {
    super();
    this.#internal = internal;
    internal.channel.listen(internal.id, (notification) => this.handle(notification));
  }

  abstract get type(): RtpObserverType;

  /** @internal What the worker tells. */
  protected abstract handle(notification: NotificationT): void;

  get id(): string {
    return this.#internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** Its producers live on. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#internal.channel.close(this.id);
    this.#watchers().safeEmit('close');
  }

  /** @internal The router is gone, and the observer in the worker with it. */
  routerClosed(): void {
    if (this.#closed) return;
    this.#end();
    (this as unknown as EnhancedEventEmitter<RtpObserverEvents>).safeEmit('routerclose');
    this.#watchers().safeEmit('close');
  }

  /** Tells nothing until resume(). */
  async pause(): Promise<void> {
    await this.#command(RequestBody.Pause, new PauseT(), () => this.#setPaused(true));
  }

  async resume(): Promise<void> {
    await this.#command(RequestBody.Resume, new ResumeT(), () => this.#setPaused(false));
  }

  /**
   * Watches a producer from now on. Rejects with a NotFoundError if the router has none of this id,
   * and with a TypeError if it is not audio.
   */
  async addProducer(options: RtpObserverAddRemoveProducerOptions): Promise<void> {
    this.#requireOpen();
    const producer = this.#producerOf(options);
    const body = new AddProducerT(producer.id);
    await this.#command(RequestBody.AddProducer, body, () => {
      this.#watchers().safeEmit('addproducer', producer);
    });
  }

  /** Producers that are closed need not be removed. */
  async removeProducer(options: RtpObserverAddRemoveProducerOptions): Promise<void> {
    this.#requireOpen();
    const producer = this.#producerOf(options);
    const body = new RemoveProducerT(producer.id);
    await this.#command(RequestBody.RemoveProducer, body, () => {
      this.#watchers().safeEmit('removeproducer', producer);
    });
  }

  /** @internal Undefined if the producer was closed while the worker spoke of it. */
  protected findProducer(id: unknown): Producer | undefined {
    return this.#internal.findProducer(String(id));
  }

  #producerOf(options: RtpObserverAddRemoveProducerOptions): Producer {
    const producerId = asName(asDictionary(options, 'options').producerId, 'producerId');
    const producer = this.findProducer(producerId);
    if (!producer) throw new NotFoundError(`producerId: the router has no producer ${producerId}`);
    if (producer.kind !== 'audio')
      throw new TypeError(`producerId: ${producerId} is no audio producer`);
    return producer;
  }

  #command(method: RequestBody, body: RequestBodyT, apply: () => void): Promise<void> {
    this.#requireOpen();
    return this.#internal.channel.call({ method, target: this.id, body, apply, applyLate: apply });
  }

  #watchers(): EnhancedEventEmitter<RtpObserverObserverEvents> {
    return this.observer as unknown as EnhancedEventEmitter<RtpObserverObserverEvents>;
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the observer is closed');
  }

  #end(): void {
    this.#closed = true;
    this.#internal.channel.unlisten(this.id);
    this.#internal.onClose();
  }

  #setPaused(paused: boolean): void {
    if (this.#closed || this.#paused === paused) return;
    this.#paused = paused;
    this.#watchers().safeEmit(paused ? 'pause' : 'resume');
  }
}
