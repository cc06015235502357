// Every address of this server beside the files of its page. Each is a file and a line here.

import type { Drain } from './admin';
import { adminRoute } from './admin_route';
import type { Clock } from './clock';
import type { Conference } from './conference';
import { healthRoute, readyRoute } from './health_route';
import type { Health } from './health_route';
import type { Route } from './http_route';
import type { Log } from './log';
import type { Options } from './options';
import { RollingRestart } from './rolling';
import type { TokenVerifier } from './tokens';
import type { Watching } from './watching';
import type { Webhooks } from './webhooks';
import type { WhipFrontDoor } from './whip/front_door';
import { whipRoutes } from './whip/whip';
import type { WorkerPool } from './worker_pool';

// What addresses are made of.
export interface Surroundings {
  options: Options;
  conference: Conference;
  pool: WorkerPool;
  log: Log;
  health: () => Health;
  clock: Clock;
  tokens: TokenVerifier | null;
  drain: Drain;
  webhooks: Webhooks | null;
  watching: Watching;
  // Null if it is off.
  whip: WhipFrontDoor | null;
}

export function allRoutes(around: Surroundings): Route[] {
  const { health, options, watching, whip } = around;
  return [
    healthRoute(health),
    readyRoute(health, options),
    ...watching.routes(),
    ...adminRoutes(around),
    ...whipRoutes(whip),
  ];
}

// Without a secret of either kind nobody could be told from anybody else.
function adminRoutes(around: Surroundings): Route[] {
  const { options, tokens, conference, pool, clock, drain, webhooks, whip } = around;
  const secrets = options.adminSecrets;
  if (secrets.length === 0 && tokens === null) return [];
  const rolling = new RollingRestart(pool, conference, clock);
  const webhookCounters = () => webhooks?.counters ?? null;
  const parts = { conference, pool, rolling, drain, webhookCounters, whip };
  return [adminRoute({ parts, secrets, tokens, clock })];
}
