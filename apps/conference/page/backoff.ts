// How long to wait before the next attempt: doubling, with a random part so that a whole room does
// not come back in the same instant.

const kFirstMs = 300;
const kLastMs = 8000;

export class Backoff {
  private attempts = 0;

  constructor(private readonly random: () => number = Math.random) {}

  next(): number {
    const ceiling = Math.min(kLastMs, kFirstMs * 2 ** this.attempts);
    this.attempts += 1;
    return Math.round(ceiling * (0.5 + 0.5 * this.random()));
  }

  get failures(): number {
    return this.attempts;
  }

  reset(): void {
    this.attempts = 0;
  }
}
