// A bad network between two namespaces, made of link_emulator, and changed while it runs.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const kRoot = fileURLToPath(new URL('../../../', import.meta.url));

// Beside the worker under test, or in the release build.
function emulator() {
  const { SLUICE_WORKER_BIN: worker, SLUICE_LINK_EMULATOR: named } = process.env;
  const built = worker ? dirname(dirname(worker)) : join(kRoot, 'build/release');
  const path = named ?? join(built, 'tests/link_emulator');
  if (!existsSync(path)) throw new Error(`${path} is missing: build the target link_emulator`);
  return path;
}

export class Link {
  #child;
  #lines;

  // `client` and `server` are namespaces; both get a device of this name.
  static async open(client, server, device, seed = 1) {
    const link = new Link();
    const args = [client.path, server.path, device, String(seed)];
    link.#child = spawn(emulator(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    link.#lines = createInterface({ input: link.#child.stdout })[Symbol.asyncIterator]();
    const ready = await link.#line();
    if (ready !== 'ready') throw new Error(`link_emulator said ${ready}`);
    return link;
  }

  // `up`, from client to server, and `down` are settings as link_emulator reads them; a clean link
  // is ''. One at a time: each command is answered before the next.
  async set(up, down = up) {
    await this.#obeyed(`up ${up}`);
    await this.#obeyed(`down ${down}`);
  }

  async counters() {
    return JSON.parse(await this.#answer('counters'));
  }

  close() {
    if (this.#child.exitCode !== null) return Promise.resolve();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin.end();
    return ended;
  }

  async #line() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('link_emulator ended');
    return value;
  }

  #answer(command) {
    this.#child.stdin.write(`${command}\n`);
    return this.#line();
  }

  async #obeyed(command) {
    const answer = await this.#answer(command);
    if (answer !== 'done') throw new Error(`link_emulator: "${command}" is ${answer}`);
  }
}
