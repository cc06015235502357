// Who may read metrics and the live page: who has the token, or if there is none, programs and people
// on this machine.
//
// "On this machine" is more than the address of the socket. A proxy beside us makes everybody local,
// and says so in a header; a page of a stranger whose name resolves to 127.0.0.1 (DNS rebinding) makes
// the browser of somebody local ask in its name, and says so in Host.

import type { IncomingMessage } from 'node:http';

import { bearerOf, isOneOf, Problem } from './http_route';

export interface WatcherSecrets {
  // Null: from this machine, without a token.
  metricsToken: string | null;
  // Good for this as well.
  adminSecrets: readonly string[];
}

const kForwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip'];

// Throws a Problem.
export function admitWatcher(
  request: IncomingMessage,
  { metricsToken, adminSecrets }: WatcherSecrets,
): void {
  const secrets = metricsToken === null ? adminSecrets : [metricsToken, ...adminSecrets];
  const bearer = bearerOf(request);
  if (secrets.length > 0 && isOneOf(secrets, bearer)) return;
  if (metricsToken === null && bearer === null) {
    if (isFromHere(request)) return;
    const sentence = 'This is told to this machine only, unless the server has --metrics-token.';
    throw new Problem(403, 'Forbidden', sentence);
  }
  throw new Problem(401, 'Unauthorized', 'This needs the metrics token of the server.', {
    'WWW-Authenticate': 'Bearer realm="sluice metrics"',
  });
}

function isFromHere(request: IncomingMessage): boolean {
  if (kForwarding.some((name) => request.headers[name] !== undefined)) return false;
  return isLoopback(request.socket.remoteAddress ?? '') && isLocalName(request.headers.host ?? '');
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./.test(address) || address === '::1';
}

function isLocalName(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/i.test(host);
}
