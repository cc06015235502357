// GET /live.json?life=LIFE&since=NUMBER: what the live page draws. The page itself, at /live, holds
// nothing worth guarding.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { Route } from './http_route';
import type { LiveHistory } from './live_history';
import { admitWatcher } from './watcher_access';
import type { WatcherSecrets } from './watcher_access';

const zip = promisify(gzip);
// One point is quicker sent than zipped.
const kWorthZipping = 4096;

export function liveRoute(secrets: WatcherSecrets, history: Pick<LiveHistory, 'tell'>): Route {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    admitWatcher(request, secrets);
    const query = new URLSearchParams((request.url ?? '').split('?')[1]);
    const since = Number(query.get('since') ?? 0);
    const answer = history.tell(query.get('life'), Number.isFinite(since) ? since : 0);
    const text = Buffer.from(JSON.stringify(answer));
    const zipped =
      text.length > kWorthZipping && /\bgzip\b/.test(String(request.headers['accept-encoding']));
    const body = zipped ? await zip(text) : text;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
      'Cache-Control': 'no-store',
      Vary: 'Accept-Encoding',
      ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  return { path: '/live.json', methods: ['GET'], handle };
}
