// Sockets that many WebRtcTransports of a worker share.
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError } from './errors.js';
import type { AppData } from './types.js';
import type { WebRtcTransport } from './webrtc_transport.js';
import type { Channel } from './wire/channel.js';
import { askDump, type Dump } from './wire/dump.js';

export type WebRtcServerEvents = {
  workerclose: [];
  listenererror: [string, Error];
};

export type WebRtcServerObserverEvents = {
  close: [];
  webrtctransporthandled: [WebRtcTransport];
  webrtctransportunhandled: [WebRtcTransport];
};

export interface WebRtcServerInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  /** In the order of listenInfos. */
  ports: number[];
  appData: Data;
  onClose: () => void;
}

export class WebRtcServer<
  Data extends AppData = AppData,
> extends EnhancedEventEmitter<WebRtcServerEvents> {
  readonly observer = new EnhancedEventEmitter<WebRtcServerObserverEvents>();
  readonly #internal: WebRtcServerInternal<Data>;
  readonly #transports = new Set<WebRtcTransport>();
  #closed = false;

  /** @internal Use Worker.createWebRtcServer(). */
  constructor(internal: WebRtcServerInternal<Data>) {
    super();
    this.#internal = internal;
  }

  get id(): string {
    return this.#internal.id;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The ports that were bound, in the order of listenInfos. */
  get ports(): number[] {
    return [...this.#internal.ports];
  }

  get appData(): Data {
    return this.#internal.appData;
  }

  set appData(appData: Data) {
    this.#internal.appData = appData;
  }

  /** Also closes the transports that use it. */
  close(): void {
    if (this.#closed) return;
    this.#end();
    for (const transport of [...this.#transports]) transport.listenServerClosed();
    this.#internal.channel.close(this.id);
    this.observer.safeEmit('close');
  }

  /** @internal */
  workerClosed(): void {
    if (this.#closed) return;
    this.#end();
    this.#transports.clear();
    this.safeEmit('workerclose');
    this.observer.safeEmit('close');
  }

  async dump(): Promise<Dump> {
    if (this.#closed) throw new InvalidStateError('the WebRtcServer is closed');
    return askDump(this.#internal.channel, this.id);
  }

  /** @internal */
  attach(transport: WebRtcTransport): void {
    this.#transports.add(transport);
    this.observer.safeEmit('webrtctransporthandled', transport);
  }

  /** @internal */
  detach(transport: WebRtcTransport): void {
    if (this.#transports.delete(transport))
      this.observer.safeEmit('webrtctransportunhandled', transport);
  }

  #end(): void {
    this.#closed = true;
    this.#internal.onClose();
  }
}
