// GET /healthz, how the server is, and GET /readyz, whether people should be sent to it. Both are told
// to everybody: load balancers have no tokens, and nothing here says who is where.

import type { ServerResponse } from 'node:http';

import { answerJson } from './http_route';
import type { Route } from './http_route';
import type { WhipCounts } from './whip/front_door';
import type { WorkerStatus } from './worker_pool';

export type HealthStatus = 'ok' | 'degraded' | 'draining';

export interface Health {
  // degraded: a worker is missing or does not answer. draining: no new rooms, and the end is near.
  status: HealthStatus;
  version: string;
  uptimeSeconds: number;
  rooms: number;
  peers: number;
  // Null if WHIP and WHEP are off.
  whip: WhipCounts | null;
  workers: WorkerStatus[];
}

export interface HealthFacts extends Omit<Health, 'status'> {
  draining: boolean;
}

export function healthOf({ draining, ...facts }: HealthFacts): Health {
  const whole = facts.workers.every(({ alive, responds }) => alive && responds);
  return { status: draining ? 'draining' : whole ? 'ok' : 'degraded', ...facts };
}

// Null if somebody could come in; otherwise why not, in a sentence. A room too many or a high load is no
// reason: whoever wants into a room that is here cannot go elsewhere.
export function whyNotReady(health: Health, limits: { maxPeers: number }): string | null {
  const { status, workers, peers } = health;
  if (status === 'draining') return 'The server is draining.';
  if (!workers.some(({ alive, responds }) => alive && responds)) return 'No media worker answers.';
  if (peers >= limits.maxPeers) return `The server is full (${limits.maxPeers} people).`;
  return null;
}

// 200 whatever the status: the process lives, and to end it would help nobody in a call.
export function healthRoute(health: () => Health): Route {
  return {
    path: '/healthz',
    methods: ['GET'],
    handle: (_, response: ServerResponse) => answerJson(response, 200, health()),
  };
}

// 200 or 503.
export function readyRoute(health: () => Health, limits: { maxPeers: number }): Route {
  return {
    path: '/readyz',
    methods: ['GET'],
    handle: (_, response: ServerResponse) => {
      const reason = whyNotReady(health(), limits);
      answerJson(response, reason === null ? 200 : 503, { ready: reason === null, reason });
    },
  };
}
