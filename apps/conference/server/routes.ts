// Every address of this server beside the files of its page. Each is a file and a line here.

import type { ServerResponse } from 'node:http';

import type { Conference } from './conference';
import { answerJson } from './http_route';
import type { Route } from './http_route';
import type { Log } from './log';
import type { Options } from './options';
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
  // Null if it is off.
  whip: WhipFrontDoor | null;
}

export function allRoutes(around: Surroundings): Route[] {
  return [healthRoute(around), ...whipRoutes(around.whip)];
}

function healthRoute({ health }: Surroundings): Route {
  return {
    path: '/healthz',
    methods: ['GET'],
    handle: (_, response: ServerResponse) => answerJson(response, 200, health()),
  };
}
