// Replaces the workers one after the other while people talk: a successor starts, people move to it,
// the old one ends.

import type { Clock } from './clock';
import type { Conference } from './conference';
import { Refusal } from './refusal';
import type { WorkerPool } from './worker_pool';

export interface Replacement {
  worker: number;
  // Who were on it when its successor stood, and how many of them had to join anew.
  people: number;
  reset: number;
  seconds: number;
}

export class RollingRestart {
  private busy = false;

  constructor(
    private readonly pool: Pick<WorkerPool, 'replace' | 'retire' | 'status'>,
    private readonly conference: Pick<Conference, 'evacuate'>,
    private readonly clock: Clock,
  ) {}

  // All of them, or those that are named. Ends with the first that cannot be replaced, with all as it
  // was for those that come after.
  async run(indices = this.pool.status().map(({ index }) => index)): Promise<Replacement[]> {
    // Two at a time would move people onto what is about to go.
    if (this.busy) throw new Refusal('unavailable', 'Workers are being replaced already.');
    this.busy = true;
    try {
      const replaced: Replacement[] = [];
      for (const index of indices) replaced.push(await this.replace(index));
      return replaced;
    } finally {
      this.busy = false;
    }
  }

  private async replace(index: number): Promise<Replacement> {
    const startedAt = this.clock.now();
    const before = await this.pool.replace(index);
    try {
      const { people, reset } = await this.conference.evacuate(before);
      const seconds = Math.round(this.clock.now() - startedAt) / 1000;
      return { worker: index, people, reset, seconds };
    } finally {
      this.pool.retire(before);
    }
  }
}
