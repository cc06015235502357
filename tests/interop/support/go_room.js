// The Go SDK's example as a user starts it: built from the sources, with a worker inside.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { workerBin } from '../../../control-api/node/dist/esm/index.js';
import { until } from './until.js';

const kModule = fileURLToPath(new URL('../../../control-api/go/', import.meta.url));
const kReadyLine = /^(http:\/\/\S+)$/m;
// The first build compiles the standard library as well.
const kBuildMs = 300_000;
const kStartMs = 20_000;
const kStopMs = 10_000;

// A reason to skip, or false.
export const whyNoGo =
  spawnSync('go', ['version']).status === 0
    ? false
    : "there is no go: install Debian's package golang-go";

export class GoRoom {
  #folder;
  #child;
  #log = '';
  #code;

  static async start(...options) {
    const room = new GoRoom();
    try {
      await room.#start(options);
    } catch (error) {
      await room.stop().catch(() => {});
      throw new Error(`${error.message}; its log:\n${room.#log}`);
    }
    return room;
  }

  async #start(options) {
    this.#folder = await mkdtemp(join(tmpdir(), 'sluice-go-'));
    const program = join(this.#folder, 'room');
    const build = ['build', '-buildvcs=false', '-o', program, './examples/room'];
    const built = spawnSync('go', build, { cwd: kModule, encoding: 'utf8', timeout: kBuildMs });
    if (built.status !== 0) throw new Error(`go build failed: ${built.stderr || built.error}`);
    const fixed = ['-listen', '127.0.0.1:0', '-worker', workerBin];
    this.#child = spawn(program, [...fixed, ...options], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.#log += text));
    this.#child.once('exit', (code, signal) => (this.#code = code ?? signal));
    await until('the room says where it is', () => this.#code !== undefined || this.url, {
      within: kStartMs,
    });
    if (this.#code !== undefined) throw new Error('the room ended at once');
  }

  get url() {
    return kReadyLine.exec(this.#log)?.[1];
  }

  async health() {
    return (await fetch(new URL('/health', this.url))).json();
  }

  // The exit code of an orderly end.
  async stop() {
    if (this.#child && this.#code === undefined) {
      this.#child.kill('SIGTERM');
      await until('the room ends', () => this.#code !== undefined, { within: kStopMs }).catch(
        (error) => {
          this.#child.kill('SIGKILL');
          throw error;
        },
      );
    }
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true });
    return this.#code;
  }
}
