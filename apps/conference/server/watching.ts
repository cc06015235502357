// Everything for those who watch this server rather than use it, put together: a look at all of it each
// second, and the addresses where it is told.

import type { Clock } from './clock';
import type { Conference } from './conference';
import type { Route } from './http_route';
import { LiveHistory } from './live_history';
import { liveRoute } from './live_route';
import { reasonOf } from './log';
import type { Log } from './log';
import { metricsRoute } from './metrics_route';
import type { Options } from './options';
import { ServerMeter } from './server_facts';
import { Telemetry } from './telemetry';
import type { Webhooks } from './webhooks';
import type { WorkerPool } from './worker_pool';

const kSecondMs = 1000;

export interface WatchingOptions {
  options: Options;
  conference: Conference;
  pool: WorkerPool;
  webhooks: Webhooks | null;
  version: string;
  clock: Clock;
  log: Log;
}

export class Watching {
  readonly telemetry: Telemetry;
  private readonly history: LiveHistory;
  private readonly meter: ServerMeter;
  private readonly stop: () => void;

  constructor(private readonly around: WatchingOptions) {
    const { options, conference, pool, webhooks, version, clock, log } = around;
    this.telemetry = new Telemetry({ conference, pool, clock });
    this.history = new LiveHistory(version);
    const { maxPeers: peopleLimit, maxRooms: roomsLimit } = options;
    this.meter = new ServerMeter({ version, peopleLimit, roomsLimit }, webhooks);
    this.stop = clock.every(kSecondMs, () => {
      this.telemetry.collect().then(
        (snapshot) => this.history.record(snapshot),
        (error) => log.warn('the live page misses a second', { reason: reasonOf(error) }),
      );
    });
  }

  routes(): Route[] {
    const { options: secrets } = this.around;
    const { telemetry, meter, history } = this;
    return [
      metricsRoute({ secrets, telemetry, facts: () => meter.read() }),
      liveRoute(secrets, history),
    ];
  }

  close(): void {
    this.stop();
    this.meter.close();
  }
}
