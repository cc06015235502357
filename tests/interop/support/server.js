// The conference server as a user starts it, on a port of its own, and what its log tells.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { until } from './until.js';

const kFolder = new URL('../../../apps/conference/', import.meta.url);
const kMain = fileURLToPath(new URL('dist/server/main.js', kFolder));
const kReadyLine = /^Sluice conference is at (\S+)$/m;
const kStartMs = 20_000;
const kStopMs = 5_000;

// Whatever happens to the tests, no server outlives them; workers end with their server.
const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Server {
  #child;
  #out = '';
  #log = '';
  #ended;

  // In a `namespace` of its own, or where this process is.
  static async start({ port = 0, workers = 2, options = [], namespace } = {}) {
    if (!existsSync(kMain)) throw new Error(`${kMain} is missing: build apps/conference first`);
    const server = new Server();
    const fixed = ['--port', String(port), '--rtc-port', '0', '--workers', String(workers)];
    const line = [process.execPath, kMain, ...fixed, ...options];
    server.#spawn(namespace ? namespace.enter(...line) : line);
    try {
      await until('the server says where it is', () => server.#ended || server.url, {
        within: kStartMs,
      });
      if (server.#ended) throw new Error('the server ended at once');
    } catch (error) {
      server.#child.kill('SIGKILL');
      throw new Error(`${error.message}; its log:\n${server.#log}`);
    }
    return server;
  }

  #spawn([program, ...args]) {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stdout.setEncoding('utf8').on('data', (text) => (this.#out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.#log += text));
    child.once('exit', (code, signal) => {
      running.delete(child);
      this.#ended = { code, signal };
    });
  }

  get url() {
    return kReadyLine.exec(this.#out)?.[1];
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  get log() {
    return this.#log;
  }

  // Log lines with this text, as { at, facts }, oldest first.
  entries(text) {
    return this.#log
      .split('\n')
      .filter((line) => line.includes(` ${text} {`))
      .map((line) => ({
        at: Date.parse(line.slice(0, line.indexOf(' '))),
        facts: JSON.parse(line.slice(line.indexOf('{'))),
      }));
  }

  // Where the room lives: { index, pid } of the newest process in that place.
  workerOf(room) {
    const opened = this.entries('a room opened').filter(({ facts }) => facts.room === room);
    const index = opened.at(-1)?.facts.worker;
    return { index, pid: this.workerPids(index).at(-1) };
  }

  // Every process that worker `index` has been.
  workerPids(index) {
    return this.entries(`worker ${index} is up`).map(({ facts }) => facts.pid);
  }

  async health() {
    const response = await fetch(new URL('/healthz', this.url));
    return response.json();
  }

  // The exit code, if it ends by itself.
  async ended() {
    await until('the server ends by itself', () => this.#ended, { within: kStopMs });
    return this.#ended.code;
  }

  // The exit code of an orderly end.
  async stop() {
    if (!this.#ended) this.#child.kill('SIGTERM');
    try {
      await until('the server ends', () => this.#ended, { within: kStopMs });
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw new Error(`${error.message}; its log:\n${this.#log}`);
    }
    return this.#ended.code;
  }
}
