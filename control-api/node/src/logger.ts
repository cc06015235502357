// Log lines as events: the SDK never writes to the console by itself.

export interface LogEventListeners {
  ondebug?: (namespace: string, log: string) => void;
  onwarn?: (namespace: string, log: string) => void;
  onerror?: (namespace: string, log: string, error?: Error) => void;
}

let listeners: LogEventListeners = {};

/** Replaces all listeners; a missing one silences its level. */
export function setLogEventListeners(fresh: LogEventListeners = {}): void {
  listeners = { ...fresh };
}

export class Logger {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = `sluice:${namespace}`;
  }

  debug(log: string): void {
    deliver(() => listeners.ondebug?.(this.#namespace, log));
  }

  warn(log: string): void {
    deliver(() => listeners.onwarn?.(this.#namespace, log));
  }

  error(log: string, error?: Error): void {
    deliver(() => listeners.onerror?.(this.#namespace, log, error));
  }
}

// A log listener that throws has nobody left to tell, and must not take the caller down with it.
function deliver(call: () => void): void {
  try {
    call();
  } catch {
    // See above.
  }
}
