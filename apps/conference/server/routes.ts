// Every address of this server beside the files of its page. Each is a file and a line here.

import type { Conference } from './conference';
import { healthRoute, readyRoute } from './health_route';
import type { Health } from './health_route';
import type { Route } from './http_route';
import type { Log } from './log';
import type { Options } from './options';
import type { Watching } from './watching';
import type { WorkerPool } from './worker_pool';

// What addresses are made of.
export interface Surroundings {
  options: Options;
  conference: Conference;
  pool: WorkerPool;
  log: Log;
  health: () => Health;
  watching: Watching;
}

export function allRoutes(around: Surroundings): Route[] {
  const { health, options, watching } = around;
  return [healthRoute(health), readyRoute(health, options), ...watching.routes()];
}
