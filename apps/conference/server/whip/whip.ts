// WHIP and WHEP of one server: the front door with the rooms behind it.

import type { types } from 'mediasoup-client';
import type { Clock } from '../clock';
import type { Conference } from '../conference';
import type { Grants } from '../grants';
import type { Route } from '../http_route';
import type { Log } from '../log';
import type { Options } from '../options';
import { Refusal } from '../refusal';
import type { TokenVerifier } from '../tokens';
import { WhipFrontDoor } from './front_door';
import { answerWhip } from './http_adapter';
import type { CheckToken, OpenMedia } from './media';
import { Publication } from './publication';
import type { Endpoint } from './resource';
import { Viewing } from './viewing';

export interface WhipSurroundings {
  options: Pick<Options, 'iceServers' | 'corsOrigins' | 'maxWhipSessions'>;
  conference: Conference;
  // Null where nobody needs one.
  tokens: TokenVerifier | null;
  routerRtpCapabilities: types.RtpCapabilities;
  revision: string;
  clock: Clock;
  log: Log;
}

export function createWhip(around: WhipSurroundings): WhipFrontDoor {
  const { options, tokens, clock, log } = around;
  const open: OpenMedia = (request, listener) =>
    request.endpoint.kind === 'publish'
      ? Publication.open(around, request, listener)
      : Viewing.open(around, request, listener);
  return new WhipFrontDoor({
    open,
    checkToken: tokens === null ? null : checkWith(tokens),
    iceServers: options.iceServers,
    corsOrigins: options.corsOrigins,
    maxSessions: options.maxWhipSessions,
    clock,
    log,
  });
}

export function whipRoutes(door: WhipFrontDoor | null): Route[] {
  if (!door) return [];
  const handle: Route['handle'] = (request, response) => answerWhip(door, request, response);
  return ['/whip/', '/whep/'].map((path) => ({ path, methods: 'any', handle }));
}

function checkWith(tokens: TokenVerifier): CheckToken {
  return async (endpoint, token) => {
    const { name, grants, expiresAt } = await tokens.verify(token, endpoint.room);
    requireGrant(grants, endpoint);
    return { name, validForMs: expiresAt - Date.now() };
  };
}

function requireGrant({ publish, subscribe }: Grants, { kind }: Endpoint): void {
  if (kind === 'watch' && !subscribe) {
    throw new Refusal('forbidden', 'This token does not let you watch.');
  }
  if (kind === 'publish' && !publish.has('camera') && !publish.has('microphone')) {
    throw new Refusal('forbidden', 'This token does not let you publish.');
  }
}
