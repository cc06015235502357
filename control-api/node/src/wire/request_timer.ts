// One timer for all requests under way. All have the same time, so the first of those that wait is
// the first to expire.

export class RequestTimer {
  readonly #timeout: number;
  readonly #onExpire: (id: number) => void;
  /** When each expires, in the order in which they do. */
  readonly #deadlines = new Map<number, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `timeout` in milliseconds; 0 for ever. `onExpire` is called once for each that did not end. */
  constructor(timeout: number, onExpire: (id: number) => void) {
    this.#timeout = timeout;
    this.#onExpire = onExpire;
  }

  start(id: number): void {
    if (this.#timeout <= 0) return;
    this.#deadlines.set(id, performance.now() + this.#timeout);
    if (this.#timer === undefined) this.#arm(this.#timeout);
    // It has waited for one that has ended, and lets the process end until there is another.
    else if (this.#deadlines.size === 1) this.#timer.ref();
  }

  end(id: number): void {
    if (this.#deadlines.delete(id) && this.#deadlines.size === 0) this.#timer?.unref();
  }

  /** Nothing expires any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#deadlines.clear();
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), delay);
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [id, deadline] of this.#deadlines) {
      if (deadline > now) {
        this.#arm(Math.ceil(deadline - now));
        return;
      }
      this.#deadlines.delete(id);
      this.#onExpire(id);
    }
  }
}
