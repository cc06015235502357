// The worker as a child process: started, watched, ended. Knows nothing of what is said to it.
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';

import { WorkerError } from './errors.js';
import { Logger } from './logger.js';

const logger = new Logger('Worker');

/** How long a worker may take to end by itself after SIGTERM. */
const killDelay = 2000;
/** How much of stderr is kept to explain a death. */
const keptStderr = 4096;
/** Lines longer than this are cut in the log. */
const maxLine = 4096;

// spawn(2) semantics of the worker: 0 is unused, 1 and 2 are logs, it reads 3 and writes 4.
const requestDescriptor = 3;
const messageDescriptor = 4;

export interface WorkerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The signal is one that WorkerProcess.end() sent. */
  signalIsOurs: boolean;
  /** What it said last on stderr. */
  stderr: string;
}

export class WorkerProcess {
  readonly #child: ChildProcess;
  #stderr = '';
  #ended = false;
  readonly #sentSignals = new Set<NodeJS.Signals>();
  #killTimer: NodeJS.Timeout | undefined;

  /** `onEnd` is called once, also if the process could not be started at all. */
  constructor(bin: string, args: string[], onEnd: (exit: WorkerExit | Error) => void) {
    this.#child = spawn(bin, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
      // A Ctrl-C in the terminal goes to the whole group. The application decides when its workers
      // end.
      detached: true,
    });
    this.#watchLines(this.#child.stdout, (line) => logger.debug(line));
    this.#watchLines(this.#child.stderr, (line) => {
      this.#stderr = `${this.#stderr}${line}\n`.slice(-keptStderr);
      logger.error(line);
    });
    const end = (exit: WorkerExit | Error): void => {
      if (this.#ended) return;
      this.#ended = true;
      clearTimeout(this.#killTimer);
      onEnd(exit);
    };
    this.#child.on('error', (error: NodeJS.ErrnoException) => {
      // Without a pid it never ran, and there will be no 'close'.
      if (this.#child.pid === undefined) end(explainSpawnError(bin, error));
    });
    // Not 'exit': the last lines of stderr come between the two.
    this.#child.on('close', (code, signal) => {
      const signalIsOurs = signal !== null && this.#sentSignals.has(signal);
      end({ code, signal, signalIsOurs, stderr: this.#stderr.trim() });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get requests(): Writable {
    return this.#child.stdio[requestDescriptor] as Writable;
  }

  get messages(): Readable {
    return this.#child.stdio[messageDescriptor] as Readable;
  }

  /** Closes the channel, asks the process to end, and makes it end. */
  end(): void {
    if (this.#ended || this.#killTimer) return;
    this.requests.destroy();
    this.messages.destroy();
    this.#send('SIGTERM');
    this.#killTimer = setTimeout(() => this.#send('SIGKILL'), killDelay);
  }

  #send(signal: NodeJS.Signals): void {
    this.#sentSignals.add(signal);
    this.#child.kill(signal);
  }

  #watchLines(stream: Readable | null, onLine: (line: string) => void): void {
    let rest = '';
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = (lines.pop() ?? '').slice(0, maxLine);
      for (const line of lines) if (line !== '') onLine(line.slice(0, maxLine));
    });
    stream?.on('end', () => {
      if (rest !== '') onLine(rest);
    });
    stream?.on('error', (error) =>
      logger.debug(`reading the log of the worker failed: ${error.message}`),
    );
  }
}

export function describeExit({ code, signal, stderr }: WorkerExit): string {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return stderr === '' ? how : `${how}: ${stderr}`;
}

/**
 * Why a worker died whose channel broke with `broken`, if it did. A signal from elsewhere is the
 * cause and the broken channel its effect; otherwise the process ended because the channel broke.
 */
export function describeDeath(exit: WorkerExit | Error, broken: Error | undefined): string {
  const how = exit instanceof Error ? exit.message : describeExit(exit);
  if (broken === undefined) return how;
  const wasKilled = !(exit instanceof Error) && exit.signal !== null && !exit.signalIsOurs;
  return wasKilled ? `${how} (${broken.message})` : `${broken.message} (${how})`;
}

function explainSpawnError(bin: string, error: NodeJS.ErrnoException): Error {
  const hint =
    'build it, or name it with the setting workerBin or the environment variable SLUICE_WORKER_BIN';
  if (error.code === 'ENOENT') return new WorkerError(`there is no worker at ${bin}: ${hint}`);
  if (error.code === 'EACCES')
    return new WorkerError(`the worker at ${bin} is not executable: ${hint}`);
  return new WorkerError(`the worker at ${bin} could not be started: ${error.message}`);
}
