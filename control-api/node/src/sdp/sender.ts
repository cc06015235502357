// A stream of the router on its way to the client of an SdpConnection.
import type { Consumer } from '../consumer.js';
import { EnhancedEventEmitter } from '../event_emitter.js';
import type { ConsumerLayers } from '../layers.js';
import type { ValidParameters } from '../ortc/validation.js';
import type { MediaKind } from '../rtp_types.js';
import type { AppData } from '../types.js';

export interface SdpSendOptions {
  /** MSID of the stream (RFC 8830); the producer's CNAME if missing, so that its sound is in step. */
  streamId?: string;
  /** MSID of the track; the id of the producer if missing. */
  trackId?: string;
  /** Of the consumer, as Transport.consume() takes them. */
  paused?: boolean;
  enableRtx?: boolean;
  preferredLayers?: ConsumerLayers;
  priority?: number;
  ignoreDtx?: boolean;
  appData?: AppData;
}

/**
 * 'waiting' for the next offer or answer, 'offered' to the client, 'sending' once it has agreed,
 * 'closed' when it is over.
 */
export type SdpSenderState = 'waiting' | 'offered' | 'sending' | 'closed';

export type SdpSenderEvents = {
  consumer: [Consumer];
  /** Why: 'stopped' by the application, the producer closed, the client does not take it, ... */
  close: [string];
  listenererror: [string, Error];
};

/** What a connection has to know of a producer, of whichever router. A Producer is one. */
export interface SdpSource {
  readonly id: string;
  readonly kind: MediaKind;
  readonly closed: boolean;
  readonly consumableRtpParameters: ValidParameters;
  readonly observer: {
    once(event: 'close', listener: () => void): unknown;
    off(event: 'close', listener: () => void): unknown;
  };
}

export class SdpSender extends EnhancedEventEmitter<SdpSenderEvents> {
  readonly source: SdpSource;
  readonly options: SdpSendOptions;
  #state: SdpSenderState = 'waiting';
  #consumer: Consumer | undefined;
  #mid: string | undefined;

  /** @internal Use SdpConnection.send(). */
  constructor(source: SdpSource, options: SdpSendOptions) {
    super();
    this.source = source;
    this.options = options;
  }

  get producerId(): string {
    return this.source.id;
  }

  get kind(): MediaKind {
    return this.source.kind;
  }

  get state(): SdpSenderState {
    return this.#state;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /** Of the section that carries it, from the offer on. */
  get mid(): string | undefined {
    return this.#mid;
  }

  /** Once the client has agreed. */
  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  /** RFC 8830 §2: tokens of up to 64 characters. */
  get msid(): { stream: string; track: string } {
    const { streamId, trackId } = this.options;
    const { cname } = this.source.consumableRtpParameters.rtcp;
    return {
      stream: asMsid(streamId ?? cname ?? this.source.id),
      track: asMsid(trackId ?? this.source.id),
    };
  }

  /** @internal */
  waits(): void {
    if (this.#state === 'offered') [this.#state, this.#mid] = ['waiting', undefined];
  }

  /** @internal */
  offeredAs(mid: string): void {
    if (this.#state === 'waiting') [this.#state, this.#mid] = ['offered', mid];
  }

  /** @internal */
  sends(consumer: Consumer, mid: string): void {
    [this.#state, this.#mid, this.#consumer] = ['sending', mid, consumer];
    this.safeEmit('consumer', consumer);
  }

  /** @internal */
  end(reason: string): void {
    this.#over(reason, (consumer) => consumer.close());
  }

  /** @internal The place is free at once, and the consumer says 'producerclose' like any other. */
  producerClosed(): void {
    this.#over('the producer is closed', (consumer) => consumer.producerClosed());
  }

  #over(reason: string, close: (consumer: Consumer) => void): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#consumer && !this.#consumer.closed) close(this.#consumer);
    this.safeEmit('close', reason);
  }
}

function asMsid(text: string): string {
  const token = text.replace(/[^!#$%&'*+\-.^_`{|}~0-9A-Za-z]/g, '').slice(0, 64);
  return token === '' ? '-' : token;
}
