// The worker itself, for tests of both ends of the contract.
import { accessSync, constants } from 'node:fs';

import { createWorker, workerBin, type Worker, type types } from '../src/index.js';
import { end } from './fixtures.js';

// Where everything is built, a worker that is missing is a failure.
const mayBeMissing = process.env.CI !== 'true';

/** What `describe` takes: why there is nothing to test, if there is no worker. */
export const skip =
  isBuilt() || !mayBeMissing
    ? false
    : `there is no worker at ${workerBin}: build the release preset first`;

export async function withRealWorker(
  body: (worker: Worker) => Promise<void>,
  settings: types.WorkerSettings = {},
): Promise<void> {
  const worker = await createWorker({ workerBin, ...settings });
  try {
    await body(worker);
  } finally {
    await end(worker);
  }
}

function isBuilt(): boolean {
  try {
    accessSync(workerBin, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
