// Every address of this server beside the files of its page. Each is a file and a line here.

import type { ServerResponse } from 'node:http';

import type { Drain } from './admin';
import { adminRoute } from './admin_route';
import type { Clock } from './clock';
import type { Conference } from './conference';
import { answerJson } from './http_route';
import type { Route } from './http_route';
import type { Log } from './log';
import type { Options } from './options';
import { RollingRestart } from './rolling';
import type { TokenVerifier } from './tokens';
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
  health: () => object;
  clock: Clock;
  tokens: TokenVerifier | null;
  drain: Drain;
  webhooks: Webhooks | null;
  // Null if it is off.
  whip: WhipFrontDoor | null;
}

export function allRoutes(around: Surroundings): Route[] {
  const { whip } = around;
  return [healthRoute(around), readyRoute(around), ...adminRoutes(around), ...whipRoutes(whip)];
}

// Without a secret of either kind nobody could be told from anybody else.
function adminRoutes(around: Surroundings): Route[] {
  const { options, tokens, conference, pool, clock, drain, webhooks } = around;
  const secrets = options.adminSecrets;
  if (secrets.length === 0 && tokens === null) return [];
  const rolling = new RollingRestart(pool, conference, clock);
  const webhookCounters = () => webhooks?.counters ?? null;
  const parts = { conference, pool, rolling, drain, webhookCounters };
  return [adminRoute({ parts, secrets, tokens, clock })];
}

// For those who spread people over servers: no new rooms from the first moment of a drain on.
function readyRoute({ conference }: Surroundings): Route {
  return {
    path: '/readyz',
    methods: ['GET'],
    handle(_, response: ServerResponse) {
      const ready = !conference.draining;
      answerJson(response, ready ? 200 : 503, { ready });
    },
  };
}

function healthRoute({ health }: Surroundings): Route {
  return {
    path: '/healthz',
    methods: ['GET'],
    handle: (_, response: ServerResponse) => answerJson(response, 200, health()),
  };
}
