// Turns counters, which only grow, into rates, and remembers them for a minute.

// Counters of one stream at one moment; times in milliseconds.
export interface Counters {
  at: number;
  bytes: number;
  frames: number;
  packetsLost: number;
  packets: number;
}

export interface Sample {
  at: number;
  // Bits per second.
  bitrate: number;
  // Pictures per second.
  fps: number;
  // 0 to 1.
  loss: number;
}

export const kHistoryMs = 60_000;
// Several parts of the page read statistics. In less than about a second, a few pictures more or
// less would look like a storm.
const kShortestMs = 800;

export class StreamMeter {
  private last: Counters | null = null;
  private readonly history: Sample[] = [];

  get samples(): readonly Sample[] {
    return this.history;
  }

  get latest(): Sample | null {
    return this.history[this.history.length - 1] ?? null;
  }

  record(now: Counters): void {
    const last = this.last;
    if (last && now.at - last.at < kShortestMs) return;
    this.last = now;
    // Counters of another stream: rates would be nonsense.
    if (!last || now.bytes < last.bytes || now.frames < last.frames) return;
    const seconds = (now.at - last.at) / 1000;
    const lost = Math.max(0, now.packetsLost - last.packetsLost);
    const received = Math.max(0, now.packets - last.packets);
    this.history.push({
      at: now.at,
      bitrate: ((now.bytes - last.bytes) * 8) / seconds,
      fps: (now.frames - last.frames) / seconds,
      loss: lost + received > 0 ? lost / (lost + received) : 0,
    });
    while (this.history[0] && this.history[0].at < now.at - kHistoryMs) this.history.shift();
  }

  clear(): void {
    this.last = null;
    this.history.length = 0;
  }
}
