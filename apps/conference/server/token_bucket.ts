// How fast a connection may talk: `burst` messages at once, `rate` per second for ever.
//
// Takes the time as a value, in milliseconds, so that a test owns the clock.

export class TokenBucket {
  private tokens: number;
  private last: number;

  constructor(
    private readonly rate: number,
    private readonly burst: number,
    now: number,
  ) {
    this.tokens = burst;
    this.last = now;
  }

  // True if one more message is within the allowance, or one that counts for `cost`; it is then spent.
  take(now: number, cost = 1): boolean {
    const elapsed = Math.max(0, now - this.last);
    this.last = now;
    this.tokens = Math.min(this.burst, this.tokens + (elapsed / 1000) * this.rate);
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }
}
