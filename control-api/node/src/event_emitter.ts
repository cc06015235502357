// Typed events whose listeners cannot hurt one another or the SDK.
import { EventEmitter, once } from 'node:events';

import { Logger } from './logger.js';

const logger = new Logger('EnhancedEventEmitter');

/** Event names and the arguments of their listeners. */
export type EventsOf<Events> = { [Name in keyof Events]: unknown[] };

type Listener<Args extends unknown[]> = (...args: Args) => unknown;

/**
 * A Node.js EventEmitter with types. What a listener throws, or rejects with, becomes the event
 * 'listenererror' (event name, error); the other listeners still run.
 */
export class EnhancedEventEmitter<Events extends EventsOf<Events>> extends EventEmitter {
  constructor() {
    super();
    // A room of hundreds puts hundreds of listeners on one router. That is no leak.
    this.setMaxListeners(0);
  }

  override on<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.on(name, listener);
  }

  override addListener<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.addListener(name, listener);
  }

  override prependListener<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.prependListener(name, listener);
  }

  override once<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.once(name, listener);
  }

  override off<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.off(name, listener);
  }

  override removeListener<Name extends keyof Events & string>(
    name: Name,
    listener: Listener<Events[Name]>,
  ): this {
    return super.removeListener(name, listener);
  }

  override emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    return super.emit(name, ...args);
  }

  /** Calls every listener of `name`, whatever the ones before did. True if there were any. */
  safeEmit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): boolean {
    const listeners = this.rawListeners(name);
    for (const listener of listeners) this.#callSafely(name, listener, args);
    return listeners.length > 0;
  }

  // An async listener fails by rejecting; unwatched, that would end the process.
  #callSafely(name: string, listener: Function, args: unknown[]): void {
    try {
      const result: unknown = Reflect.apply(listener, this, args);
      if (isThenable(result)) {
        result.then(undefined, (error: unknown) => this.#reportListenerError(name, error));
      }
    } catch (error) {
      this.#reportListenerError(name, error);
    }
  }

  #reportListenerError(name: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    // One who fails while being told of a failure is not told again.
    if (name === 'listenererror' || this.listenerCount('listenererror') === 0) {
      logger.error(`a listener of '${name}' failed: ${error.message}`, error);
      return;
    }
    for (const listener of this.rawListeners('listenererror')) {
      this.#callSafely('listenererror', listener, [name, error]);
    }
  }
}

/**
 * The arguments of the next `name` that `emitter` emits. Rejects with the reason of `signal` if that
 * is aborted before, and with the error that comes as 'error' unless it is waited for itself.
 */
export async function enhancedOnce<
  Events extends EventsOf<Events>,
  Name extends keyof Events & string,
>(
  emitter: EnhancedEventEmitter<Events>,
  name: Name,
  options: { signal?: AbortSignal } = {},
): Promise<Events[Name]> {
  return (await once(emitter as EventEmitter, name, options)) as Events[Name];
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
