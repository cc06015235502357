// A browser and a worker on machines of their own, and a router between them: a cable on the
// worker's side, a link that can be made bad on the browser's.
//
// The worker sends into a cable, which takes segment trains whole, as network cards do; the router
// cuts them for the link. A TUN device by itself refuses trains before Linux 6.11, because it has
// no checksums of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { workerBin } from '../../../control-api/node/dist/esm/index.js';
import { chromiumPath, openBrowser } from './browser.js';
import { Link } from './link.js';
import { Namespace, address, joinByCable } from './namespace.js';

const kBrowser = ['10.78.1.2', '10.78.1.1'];
const kWorker = ['10.78.2.2', '10.78.2.1'];

export class RoutedPath {
  #ends = [];
  #folder;

  static async open() {
    const path = new RoutedPath();
    try {
      await path.#build();
    } catch (error) {
      await path.close().catch(() => {});
      throw error;
    }
    return path;
  }

  async #build() {
    this.#folder = await mkdtemp(join(tmpdir(), 'sluice-path-'));
    this.#ends.push(() => rm(this.#folder, { recursive: true }));
    const [client, router, server] = [
      await this.#namespace(),
      await this.#namespace(),
      await this.#namespace(),
    ];
    await router.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    this.link = await Link.open(client, router, 'narrow');
    this.#ends.push(() => this.link.close());
    await joinByCable(server, router, 'cable');
    await address(client, router, 'narrow', kBrowser);
    await address(server, router, 'cable', kWorker);
    // Where a worker listens that is started as `workerBin`.
    this.workerIp = kWorker[0];
    this.workerBin = await server.script(join(this.#folder, 'worker'), workerBin);
    const path = await client.script(join(this.#folder, 'chromium'), chromiumPath);
    this.browser = await openBrowser({ path });
    this.#ends.push(() => this.browser.close());
  }

  async #namespace() {
    const namespace = await Namespace.open();
    this.#ends.push(() => namespace.close());
    return namespace;
  }

  // The newest first; the first failure is told when all have been tried.
  async close() {
    let failure = null;
    for (const end of this.#ends.reverse()) await end().catch((error) => (failure ??= error));
    this.#ends = [];
    if (failure) throw failure;
  }
}
