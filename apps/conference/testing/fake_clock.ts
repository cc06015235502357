// A clock that only moves when a test moves it.

import type { Clock } from '../server/clock';

interface Alarm {
  at: number;
  period: number | null;
  task: () => void;
}

export class FakeClock implements Clock {
  private time = 0;
  private readonly alarms = new Set<Alarm>();

  now(): number {
    return this.time;
  }

  after(delayMs: number, task: () => void): () => void {
    return this.set({ at: this.time + delayMs, period: null, task });
  }

  every(periodMs: number, task: () => void): () => void {
    return this.set({ at: this.time + periodMs, period: periodMs, task });
  }

  // Runs what falls due on the way, in order, and lets promises settle after each.
  async advance(byMs: number): Promise<void> {
    const end = this.time + byMs;
    for (;;) {
      const next = [...this.alarms].sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.time = next.at;
      if (next.period === null) this.alarms.delete(next);
      else next.at += next.period;
      next.task();
      await settle();
    }
    this.time = end;
    await settle();
  }

  private set(alarm: Alarm): () => void {
    this.alarms.add(alarm);
    return () => this.alarms.delete(alarm);
  }
}

// Lets everything that waits for a promise, and nothing that waits for time, happen.
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
