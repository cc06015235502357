// People on machines of their own: a conference server and browsers in network namespaces, one of
// them behind a bad link, the others on good ones.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromiumPath, openBrowser } from './browser.js';
import { Link } from './link.js';
import { Namespace, address, joinByCable } from './namespace.js';
import { Participant } from './participant.js';
import { recordCamera, recordVoice } from './recordings.js';
import { Server } from './server.js';

const kServerIp = '10.77.0.1';
const kPort = 3000;
const kProbe = fileURLToPath(new URL('rtc_probe.js', import.meta.url));
// The least that Chromium sends in three sizes, at a rate that leaves two cores room for nine
// encoders and six decoders in software.
export const kCamera = { width: 960, height: 540, fps: 10 };
// So that the tiles of the others are large enough for the largest size.
const kViewport = { width: 1280, height: 800 };

export class Network {
  #ends = [];
  #rooms = 0;
  #folder;
  #server;
  #browsers = new Map();

  // The last one of `names` is behind `link`.
  static async open(names = ['Ada', 'Bo', 'Cleo'], camera = kCamera) {
    const network = new Network();
    try {
      await network.#build(names, camera);
    } catch (error) {
      await network.close().catch(() => {});
      throw error;
    }
    return network;
  }

  async #build(names, camera) {
    this.names = names;
    await this.#record(camera);
    this.#server = await this.#namespace();
    await this.#server.run('ip', 'address', 'add', `${kServerIp}/32`, 'dev', 'lo');
    const options = ['--listen', kServerIp];
    const setup = { namespace: this.#server, port: kPort, workers: 1, options };
    this.server = await Server.start(setup);
    this.#ends.push(() => this.server.stop());
    const last = names.length - 1;
    for (const [at, name] of names.entries()) await this.#connect(name, at, at === last);
  }

  async #record(camera) {
    this.#folder = await mkdtemp(join(tmpdir(), 'sluice-network-'));
    this.#ends.push(() => rm(this.#folder, { recursive: true }));
    await recordCamera(this.#file('camera.y4m'), camera);
    await recordVoice(this.#file('voice.wav'));
  }

  #file(name) {
    return join(this.#folder, name);
  }

  async #namespace() {
    const namespace = await Namespace.open();
    this.#ends.push(() => namespace.close());
    return namespace;
  }

  async #connect(name, at, isBad) {
    const client = await this.#namespace();
    const device = `to-${at}`;
    if (isBad) {
      this.link = await Link.open(client, this.#server, device);
      this.#ends.push(() => this.link.close());
    } else {
      await joinByCable(client, this.#server, device);
    }
    await address(client, this.#server, device, [`10.77.${at + 1}.2`, `10.77.${at + 1}.1`]);
    const browser = await openBrowser({
      path: await this.#chromiumIn(client, name),
      extra: [
        `--unsafely-treat-insecure-origin-as-secure=http://${kServerIp}:${kPort}`,
        `--use-file-for-fake-video-capture=${this.#file('camera.y4m')}`,
        `--use-file-for-fake-audio-capture=${this.#file('voice.wav')}`,
      ],
    });
    this.#ends.push(() => browser.close());
    this.#browsers.set(name, browser);
  }

  async #chromiumIn(namespace, name) {
    const path = this.#file(`chromium-${name}`);
    await writeFile(path, `#!/bin/sh\nexec ${namespace.enter(chromiumPath).join(' ')} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }

  // Everybody in a room that nobody has been in, on their way in. To be closed by the caller.
  async meet(params = {}) {
    const room = `network-${++this.#rooms}`;
    const enter = (name) =>
      Participant.open(this.#browsers.get(name), this.server.url, {
        ...{ room, name, script: kProbe, viewport: kViewport },
        ...params,
      });
    return Promise.all(this.names.map(enter));
  }

  // The newest first; the first failure is told when all have been tried.
  async close() {
    let failure = null;
    for (const end of this.#ends.reverse()) await end().catch((error) => (failure ??= error));
    this.#ends = [];
    if (failure) throw failure;
  }
}
