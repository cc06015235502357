// SSRCs of what a transport sends: two in a row, the second for retransmissions.
import { randomInt } from 'node:crypto';

export class SsrcPool {
  readonly #used = new Set<number>();

  // RFC 3550 §8.1: random. Nine digits, so that both it and the RTX SSRC behind it stay readable
  // and far from the probator's 1234.
  take(): number {
    for (;;) {
      const ssrc = randomInt(100_000_000, 999_999_998);
      if (!this.#used.has(ssrc) && !this.#used.has(ssrc + 1)) {
        this.#used.add(ssrc).add(ssrc + 1);
        return ssrc;
      }
    }
  }

  release(ssrc: number): void {
    this.#used.delete(ssrc);
    this.#used.delete(ssrc + 1);
  }

  /** Of a consumer: `ssrc`, if the application has chosen one, else as many as it has encodings. */
  takeFor(
    { pipe, ssrc }: { pipe: boolean; ssrc: number | undefined },
    encodings: number,
  ): number[] {
    const count = pipe ? encodings : 1;
    if (ssrc !== undefined && count === 1) return [ssrc];
    return Array.from({ length: count }, () => this.take());
  }
}
