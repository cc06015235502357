// Where a process runs.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

// All threads that the process has by now, and by inheritance those that it will have.
export async function pin(pid, cpu) {
  await run('taskset', ['--all-tasks', '--pid', '--cpu-list', String(cpu), String(pid)]);
}
