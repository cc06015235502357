// Where the worker's binary is.
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { packageDirectory } from '#location';

/**
 * The environment variable SLUICE_WORKER_BIN; else a release build in the repository that this
 * package lies in; else the one inside of this package; else `sluice-worker` of the PATH.
 */
export const workerBin: string = findWorkerBin();

function findWorkerBin(): string {
  if (process.env.SLUICE_WORKER_BIN) return process.env.SLUICE_WORKER_BIN;
  const built = join(packageDirectory, '..', '..', 'build', 'release', 'worker', 'sluice-worker');
  if (isExecutable(built)) return built;
  // npm pack has put it there, for its own kind of machine.
  const packed = join(packageDirectory, 'worker', 'sluice-worker');
  if (isExecutable(packed)) return packed;
  // In the repository, where the next build will put it is the most useful thing to name.
  return isReadable(join(packageDirectory, '..', 'schema', 'message.fbs'))
    ? built
    : 'sluice-worker';
}

function isExecutable(path: string): boolean {
  return isAccessible(path, constants.X_OK);
}

function isReadable(path: string): boolean {
  return isAccessible(path, constants.R_OK);
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
