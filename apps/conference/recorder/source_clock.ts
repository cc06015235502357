// When was this captured? RTP timestamps of one stream as times that all streams share.
//
// Sender reports say what the RTP clock read at a time of day. The first one places the stream; what
// later ones know better is made good little by little, because a jump is heard.

const kWrap = 2 ** 32;
// A twentieth: a millisecond within a packet of sound of 20 ms.
const kSlew = 0.05;
// Beyond this it is no inaccuracy but another clock.
const kStepUs = 500_000;

export class SourceClock {
  private last: number | null = null;
  private offsetUs: number | null = null;
  private targetUs = 0;

  constructor(private readonly clockRate: number) {}

  get isKnown(): boolean {
    return this.offsetUs !== null;
  }

  learn(unixUs: number, timestamp: number): void {
    const offset = unixUs - this.micros(this.unwrap(timestamp));
    this.targetUs = offset;
    if (this.offsetUs === null || Math.abs(offset - this.offsetUs) > kStepUs) {
      this.offsetUs = offset;
    }
  }

  // Microseconds of the time of day. To be asked in the order of the packets, and only when known.
  captured(timestamp: number): number {
    const before = this.last;
    const unwrapped = this.unwrap(timestamp);
    const passed = before === null ? 0 : this.micros(Math.max(0, unwrapped - before));
    this.last = before === null ? unwrapped : Math.max(before, unwrapped);
    const offset = this.offsetUs ?? 0;
    const most = passed * kSlew;
    this.offsetUs = offset + Math.max(-most, Math.min(most, this.targetUs - offset));
    return Math.round(this.micros(unwrapped) + this.offsetUs);
  }

  private micros(units: number): number {
    return (units / this.clockRate) * 1e6;
  }

  // The value that is nearest to the last one.
  private unwrap(timestamp: number): number {
    if (this.last === null) {
      this.last = timestamp;
      return timestamp;
    }
    const ahead = (timestamp - this.last) % kWrap;
    const nearest = ((ahead + kWrap * 1.5) % kWrap) - kWrap / 2;
    return this.last + nearest;
  }
}
