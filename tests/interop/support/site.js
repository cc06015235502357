// A server's machine, a router, and a machine for each of several people: addresses of both
// families, a firewall and a NAT where they are asked for.
//
//   person 1 -- 10.79.1.2, fd79:1::2 --.
//   person 2 -- 10.79.2.2, fd79:2::2 --+-- router -- 10.79.0.2, fd79::2 -- server
//
// The router drops UDP of people who are to have none: silently, as firewalls do. Who has a spare way
// in has a second cable to the router, 10.79.101.2 for person 1, which is used when there is none
// better.

import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { workerBin } from '../../../control-api/node/dist/esm/index.js';
import { chromiumPath, openBrowser } from './browser.js';
import { Namespace, joinByCable, whyNoNamespaces } from './namespace.js';

// What the NAT shows of the server (RFC 5737 §3).
export const kPublicIp = '203.0.113.5';
export const kServer = { v4: '10.79.0.2', v6: 'fd79::2' };
// Where a conference may be served, so that browsers give cameras to its page.
export const kPorts = [3000, 3001];
// From the number of somebody's network to that of the spare one.
const kSpare = 100;

// A reason to skip, or false.
export const whyNoSite =
  whyNoNamespaces ||
  (existsSync('/usr/sbin/nft') ? false : "there is no nft: install Debian's nftables");

export class Site {
  #ends = [];
  #folder;
  #router;
  #people = new Map();

  // `people` by name: { udp, families, camera, spare }; by default all of it, and no spare way in. With `nat`, the server has no
  // address that anybody reaches but kPublicIp.
  static async open({ people, nat = false }) {
    const site = new Site();
    try {
      await site.#build(people, nat);
    } catch (error) {
      await site.close().catch(() => {});
      throw error;
    }
    return site;
  }

  async #build(people, nat) {
    this.#folder = await mkdtemp(join(tmpdir(), 'sluice-site-'));
    this.#ends.push(() => rm(this.#folder, { recursive: true }));
    this.#router = await this.#namespace();
    for (const file of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding']) {
      await this.#router.run('sh', '-c', `echo 1 > /proc/sys/net/${file}`);
    }
    this.server = await this.#namespace();
    await this.#wire(this.server, 0, ['v4', 'v6']);
    this.workerBin = await this.server.script(join(this.#folder, 'worker'), workerBin);
    for (const [at, [name, setup]] of Object.entries(people).entries()) {
      await this.#settle(name, at + 1, setup);
    }
    if (nat) await this.#translate();
  }

  async #namespace() {
    const namespace = await Namespace.open();
    this.#ends.push(() => namespace.close());
    return namespace;
  }

  // A cable from `end` to the router, over which `end` reaches everything.
  async #wire(end, at, families, metric = 1) {
    const device = `to-${at}`;
    await joinByCable(end, this.#router, device);
    for (const [namespace, last] of [
      [end, 2],
      [this.#router, 1],
    ]) {
      if (families.includes('v4')) {
        await namespace.run('ip', 'address', 'add', `10.79.${at}.${last}/24`, 'dev', device);
      }
      if (families.includes('v6')) {
        const address = `${networkOf(at)}::${last}/64`;
        // Nobody else has it, so that nobody need be asked first (RFC 4862 §5.4).
        await namespace.run('ip', 'address', 'add', address, 'dev', device, 'nodad');
      }
      await namespace.run('ip', 'link', 'set', device, 'up');
    }
    if (families.includes('v4')) {
      await this.#route(end, at, metric);
    }
    if (families.includes('v6')) {
      await end.run('ip', '-6', 'route', 'add', 'default', 'via', `${networkOf(at)}::1`);
    }
  }

  // Taking a device down takes its routes with it.
  #route(end, at, metric) {
    const route = ['default', 'via', `10.79.${at}.1`, 'dev', `to-${at}`, 'metric', String(metric)];
    return end.run('ip', 'route', 'replace', ...route);
  }

  async #settle(name, at, { udp = true, families = ['v4', 'v6'], camera, spare } = {}) {
    const namespace = await this.#namespace();
    await this.#wire(namespace, at, families);
    if (spare) await this.#addSpare(namespace, at + kSpare);
    if (!udp) {
      const rules = `table inet wall${at} { chain forward { type filter hook forward priority 0;
        iifname "to-${at}" meta l4proto udp drop; oifname "to-${at}" meta l4proto udp drop; }; }`;
      await this.#router.run('nft', rules);
      // What the machine takes in for a program that does not read: a second of video.
      const buffer = 'echo 4096 65536 131072 > /proc/sys/net/ipv4/tcp_rmem';
      await namespace.run('sh', '-c', buffer);
    }
    const hosts = [kPublicIp, kServer.v4, `[${kServer.v6}]`];
    const origins = hosts.flatMap((host) => kPorts.map((port) => `http://${host}:${port}`));
    const browser = await openBrowser({
      ...(camera ? { camera } : {}),
      path: await namespace.script(join(this.#folder, `chromium-${at}`), chromiumPath),
      extra: [`--unsafely-treat-insecure-origin-as-secure=${origins.join(',')}`],
    });
    this.#ends.push(() => browser.close());
    this.#people.set(name, { namespace, browser, at });
  }

  async #addSpare(namespace, at) {
    await this.#wire(namespace, at, ['v4'], kSpare);
    // What comes from the spare address leaves by the spare cable, whatever else there is.
    await namespace.run('ip', 'rule', 'add', 'from', `10.79.${at}.2`, 'table', String(at));
    await this.#routeSpare(namespace, at);
  }

  #routeSpare(namespace, at) {
    const way = ['default', 'via', `10.79.${at}.1`, 'dev', `to-${at}`, 'table', String(at)];
    return namespace.run('ip', 'route', 'replace', ...way);
  }

  async #translate() {
    const rules = `table ip nat { chain in { type nat hook prerouting priority -100;
        ip daddr ${kPublicIp} dnat to ${kServer.v4}; }; }
      table ip wall { chain forward { type filter hook forward priority 0;
        ct original ip daddr ${kServer.v4} ct state new drop; }; }`;
    await this.#router.run('nft', rules);
  }

  browser(name) {
    return this.#people.get(name).browser;
  }

  // Pulls the plug of this person's first cable, or of the spare one, and puts it in again.
  async plug(name, isIn, spare = false) {
    const { namespace, at: first } = this.#people.get(name);
    const at = spare ? first + kSpare : first;
    await namespace.run('ip', 'link', 'set', `to-${at}`, isIn ? 'up' : 'down');
    if (!isIn) return;
    await this.#route(namespace, at, spare ? kSpare : 1);
    if (spare) await this.#routeSpare(namespace, at);
  }

  // Another network at the same plug: the old address is gone, and there is a new one.
  async readdress(name, last) {
    const { namespace, at } = this.#people.get(name);
    await namespace.run('ip', '-4', 'address', 'flush', 'dev', `to-${at}`);
    await namespace.run('ip', 'address', 'add', `10.79.${at}.${last}/24`, 'dev', `to-${at}`);
    await this.#route(namespace, at, 1);
  }

  // Stops every process of this person's machine, or lets all go on: nobody reads there any more,
  // and nobody says goodbye.
  freeze(name, frozen) {
    const { namespace } = this.#people.get(name);
    const inside = readlinkSync(namespace.path);
    for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        if (Number(pid) === namespace.pid || readlinkSync(`/proc/${pid}/ns/net`) !== inside)
          continue;
        process.kill(Number(pid), frozen ? 'SIGSTOP' : 'SIGCONT');
      } catch {
        // It has ended meanwhile.
      }
    }
  }

  // The newest first; the first failure is told when all have been tried.
  async close() {
    let failure = null;
    for (const name of this.#people.keys()) this.freeze(name, false);
    for (const end of this.#ends.reverse()) await end().catch((error) => (failure ??= error));
    this.#ends = [];
    if (failure) throw failure;
  }
}

function networkOf(at) {
  return at === 0 ? 'fd79' : `fd79:${at}`;
}
