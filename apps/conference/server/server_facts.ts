// What metrics tell of the process of this server.

import { monitorEventLoopDelay } from 'node:perf_hooks';

import type { ServerFacts } from './metric_table';
import type { Webhooks } from './webhooks';

// A timer of its own every 20 ms, which costs a few microseconds.
const kResolutionMs = 20;

export class ServerMeter {
  private readonly delay = monitorEventLoopDelay({ resolution: kResolutionMs });

  constructor(
    private readonly constants: Pick<ServerFacts, 'version' | 'peopleLimit' | 'roomsLimit'>,
    private readonly webhooks: Pick<Webhooks, 'counters'> | null = null,
  ) {
    this.delay.enable();
  }

  // Begins the delay anew.
  read(): ServerFacts {
    const { user, system } = process.cpuUsage();
    // What is measured includes the time of the timer itself.
    const longest = this.delay.count === 0 ? 0 : this.delay.max / 1e9 - kResolutionMs / 1e3;
    this.delay.reset();
    return {
      ...this.constants,
      uptimeSeconds: process.uptime(),
      cpuSeconds: (user + system) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      eventLoopDelaySeconds: Math.max(0, longest),
      webhooks: this.webhooks?.counters ?? null,
    };
  }

  close(): void {
    this.delay.disable();
  }
}
