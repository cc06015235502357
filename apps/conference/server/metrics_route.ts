// GET /metrics: for Prometheus and whatever reads its text.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Route } from './http_route';
import { familiesOf } from './metric_table';
import type { ServerFacts } from './metric_table';
import { formatFor, kContentTypes, writeMetrics } from './metric_text';
import type { Telemetry } from './telemetry';
import { admitWatcher } from './watcher_access';
import type { WatcherSecrets } from './watcher_access';

export interface MetricsSurroundings {
  secrets: WatcherSecrets;
  telemetry: Pick<Telemetry, 'collect'>;
  facts: () => ServerFacts;
}

export function metricsRoute({ secrets, telemetry, facts }: MetricsSurroundings): Route {
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    admitWatcher(request, secrets);
    const snapshot = await telemetry.collect();
    const format = formatFor(request.headers.accept);
    const text = Buffer.from(writeMetrics(familiesOf({ snapshot, server: facts() }), format));
    response.writeHead(200, {
      'Content-Type': kContentTypes[format],
      'Content-Length': String(text.length),
      'Cache-Control': 'no-store',
      Vary: 'Accept',
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
  return { path: '/metrics', methods: ['GET'], handle };
}
