// The recorder as an operator starts it, and what it leaves behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { until } from './until.js';

const kMain = fileURLToPath(
  new URL('../../../apps/conference/dist/recorder/main.js', import.meta.url),
);

export class Recorder {
  #child;
  out = '';
  errors = '';

  // `folder` is where the files go; `socket` is the server's.
  constructor(room, { socket, folder, options = [] }) {
    this.folder = folder;
    const where = folder ? ['--out', folder] : [];
    const args = [kMain, room, '--control-socket', socket, ...where, ...options];
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => (this.errors += text));
    this.ended = once(this.#child, 'close').then(([code, signal]) => code ?? signal);
  }

  said(pattern, options) {
    const seen = async () => [this.out, this.errors];
    return until(`the recorder says ${pattern}`, () => pattern.test(this.out), {
      seen,
      ...options,
    });
  }

  // Of everybody in `names`.
  recording(names, options) {
    return this.said(new RegExp(names.map((name) => `(?=[^]*recording ${name} to)`).join('')), {
      within: 30_000,
      ...options,
    });
  }

  interrupt() {
    this.#child.kill('SIGINT');
    return this.ended;
  }

  // The processes it has started: one FFmpeg for each file.
  get tools() {
    const { pid } = this.#child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  }

  // It and its tools, at once, with nothing said to anybody.
  async kill() {
    const { tools } = this;
    this.#child.kill('SIGKILL');
    for (const pid of tools) process.kill(pid, 'SIGKILL');
    await this.ended;
  }

  // The newest manifest of its folder.
  get manifest() {
    const names = readdirSync(this.folder).filter((name) => name.endsWith('.json'));
    return JSON.parse(readFileSync(join(this.folder, names.sort().at(-1)), 'utf8'));
  }

  path({ file }) {
    return join(this.folder, file);
  }
}
