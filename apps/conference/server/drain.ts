// The end of a server that nobody notices: no new rooms, those that there are go on, and when the
// last one has closed, or the time is over, the server ends.

import type { Drain } from './admin';
import { afterLong } from './clock';
import type { Clock } from './clock';
import type { Conference } from './conference';
import type { Log } from './log';

export interface DrainOptions {
  conference: Pick<Conference, 'draining' | 'whenDrained' | 'roomCount' | 'peerCount'>;
  timeoutMs: number;
  clock: Clock;
  log: Log;
}

export class ServerDrain implements Drain {
  // Resolves when the server should end.
  readonly ended: Promise<void>;
  private end: () => void = () => {};
  private begunAt: number | null = null;
  private cancelTimeout: () => void = () => {};

  constructor(private readonly options: DrainOptions) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  // Asking again changes nothing, above all not how long is left.
  begin(): void {
    const { conference, timeoutMs, clock, log } = this.options;
    if (this.begunAt !== null) return;
    this.begunAt = clock.now();
    log.info('draining', { rooms: conference.roomCount, people: conference.peerCount });
    this.cancelTimeout = afterLong(clock, timeoutMs, () => {
      log.warn('draining takes too long', { people: conference.peerCount });
      this.end();
    });
    void conference.whenDrained().then(() => {
      log.info('drained');
      this.end();
    });
    // Last, because it may be empty already.
    conference.draining = true;
  }

  cancel(): void {
    if (this.begunAt === null) return;
    this.begunAt = null;
    this.cancelTimeout();
    this.options.conference.draining = false;
    this.options.log.info('not draining any more');
  }

  close(): void {
    this.cancelTimeout();
  }

  status(): object {
    const { conference, timeoutMs, clock } = this.options;
    const left = this.begunAt === null ? null : this.begunAt + timeoutMs - clock.now();
    return {
      draining: this.begunAt !== null,
      rooms: conference.roomCount,
      people: conference.peerCount,
      secondsLeft: left === null ? null : Math.max(0, Math.round(left / 1000)),
    };
  }
}
