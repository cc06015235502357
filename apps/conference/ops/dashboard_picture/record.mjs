// Plays five minutes in the life of a conference server, and keeps what a Prometheus saw of them.
//
// usage: npm run record -- [--out FOLDER]
//
// Two rooms of browsers on machines of their own (network namespaces); one person's line gets worse
// and better, one finds the room full, one comes and goes, and a worker is killed. Needs root, the
// built conference, the worker's tests/link_emulator, Chromium and Debian's prometheus.

import { spawn } from 'node:child_process';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { chromiumPath, openBrowser } from '../../../../tests/interop/support/browser.js';
import { Link } from '../../../../tests/interop/support/link.js';
import {
  Namespace,
  address,
  joinByCable,
  whyNoNamespaces,
} from '../../../../tests/interop/support/namespace.js';
import { Participant } from '../../../../tests/interop/support/participant.js';
import { recordCamera, recordVoice } from '../../../../tests/interop/support/recordings.js';
import { Server } from '../../../../tests/interop/support/server.js';
import { kScrapeSeconds, prometheusPath, writeSettings } from './prometheus.mjs';

const kServerIp = '10.77.0.1';
const kPort = 3000;
const kToken = 'for-one-loopback-rehearsal-only';
// Three sizes of a picture, at a rate that leaves two cores room for five encoders in software.
const kCamera = { width: 960, height: 540, fps: 5 };
const kView = { width: 900, height: 600 };
const kWorseLine = 'rate=900k queue=60000 loss=4% delay=40ms jitter=8ms';
const kBadLine = 'rate=350k queue=40000 loss=2% delay=60ms';

const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

class Rehearsal {
  #ends = [];
  #people = new Map();
  #browsers = new Map();
  #machines = 0;

  async open(folder) {
    this.folder = folder;
    await recordCamera(this.#file('camera.y4m'), kCamera);
    await recordVoice(this.#file('voice.wav'));
    this.host = await this.#namespace();
    await this.host.run('ip', 'address', 'add', `${kServerIp}/32`, 'dev', 'lo');
    this.server = await Server.start({
      ...{ namespace: this.host, port: kPort, workers: 2 },
      options: ['--listen', kServerIp, '--metrics-token', kToken, '--max-peers-per-room', '3'],
    });
    this.#ends.push(() => this.server.stop());
    await this.#startPrometheus();
    await this.#connect('behind a good line');
    await this.#connect('behind a bad line');
  }

  #file(name) {
    return join(this.folder, name);
  }

  async #namespace() {
    const namespace = await Namespace.open();
    this.#ends.push(() => namespace.close());
    return namespace;
  }

  async #startPrometheus() {
    const target = { address: `${kServerIp}:${kPort}`, token: kToken };
    const settings = await writeSettings(this.folder, target);
    const [program, ...args] = this.host.enter(prometheusPath, ...settings);
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#ends.push(async () => {
      if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGTERM');
      await ended;
    });
  }

  // A machine with a browser.
  async #connect(name) {
    const client = await this.#namespace();
    const device = `to-${++this.#machines}`;
    if (name.includes('bad')) {
      this.link = await Link.open(client, this.host, device);
      this.#ends.push(() => this.link.close());
    } else {
      await joinByCable(client, this.host, device);
    }
    const subnet = `10.77.${this.#machines}`;
    await address(client, this.host, device, [`${subnet}.2`, `${subnet}.1`]);
    const path = await client.script(this.#file(`chromium-${this.#machines}`), chromiumPath);
    await chmod(path, 0o755);
    const browser = await openBrowser({
      path,
      extra: [
        `--unsafely-treat-insecure-origin-as-secure=${this.server.url.replace(/\/$/, '')}`,
        `--use-file-for-fake-video-capture=${this.#file('camera.y4m')}`,
        `--use-file-for-fake-audio-capture=${this.#file('voice.wav')}`,
      ],
    });
    this.#ends.push(() => browser.close());
    this.#browsers.set(name, browser);
  }

  async enter(room, name, where = 'behind a good line') {
    const setup = { room, name, viewport: kView };
    const person = await Participant.open(this.#browsers.get(where), this.server.url, setup);
    this.#people.set(name, person);
    return person;
  }

  leave(name) {
    return this.#people.get(name).close();
  }

  killWorkerOf(room) {
    process.kill(this.server.workerOf(room).pid, 'SIGKILL');
  }

  // The newest first; the first failure is told when all have been tried.
  async close() {
    let failure = null;
    for (const end of this.#ends.reverse()) await end().catch((error) => (failure ??= error));
    if (failure) throw failure;
  }
}

async function play(rehearsal) {
  await pause(12);
  await rehearsal.enter('harbor-42', 'Ada');
  await rehearsal.enter('harbor-42', 'Bo');
  await pause(20);
  await rehearsal.enter('harbor-42', 'Cleo', 'behind a bad line');
  await pause(25);
  await rehearsal.enter('standup', 'Dan');
  await rehearsal.enter('standup', 'Eve');
  await pause(25);
  await rehearsal.link.set(kWorseLine);
  await pause(45);
  await rehearsal.link.set('', kBadLine);
  await pause(45);
  await rehearsal.link.set('');
  await pause(20);
  await (await rehearsal.enter('harbor-42', 'Fay')).failure({ within: 20_000 });
  await rehearsal.leave('Fay');
  rehearsal.killWorkerOf('standup');
  await pause(35);
  await rehearsal.leave('Bo');
  await pause(15);
  await rehearsal.enter('harbor-42', 'Bo');
  await pause(35);
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'recorded' } } });
  if (whyNoNamespaces) throw new Error(whyNoNamespaces);
  const folder = resolve(values.out);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const rehearsal = new Rehearsal();
  try {
    await rehearsal.open(folder);
    const from = Date.now() / 1000;
    await play(rehearsal);
    const to = Date.now() / 1000;
    await writeFile(
      join(folder, 'window.json'),
      JSON.stringify({ from, to, scrapeSeconds: kScrapeSeconds }),
    );
    console.log(`recorded ${Math.round(to - from)} s in ${folder}`);
  } finally {
    await rehearsal.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(`record: ${error.message}`);
  process.exitCode = 1;
}
