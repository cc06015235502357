// The real engine: the Sluice Node SDK behind the shapes of engine.ts.

import { createWorker } from '@sluice/sdk';

import type { CreateWorker, EngineWorker } from './engine';
import type { LogLevel } from './log';

export function sluiceEngine(
  workerBin: string,
  logLevel: LogLevel,
  maxTcpConnections: number,
): CreateWorker {
  // The worker knows no "info"; what this server says at that level is enough.
  const level = logLevel === 'info' ? 'warn' : logLevel;
  return async () => {
    const worker = await createWorker({ logLevel: level, workerBin, maxTcpConnections });
    return worker as unknown as EngineWorker;
  };
}
