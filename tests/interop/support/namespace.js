// A network namespace of our own: another machine, as far as the network can tell.
//
// It has no name and lives as long as a process that sits in it and reads its stdin. When this
// process ends, in whatever way, so does that one, and the kernel removes the namespace with all
// its devices. Nothing can be left behind, and nothing can be taken for somebody else's.

import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

// A reason to skip, or false.
export const whyNoNamespaces = reason();

function reason() {
  if (process.platform !== 'linux') return 'network namespaces exist on Linux only';
  if (process.geteuid() !== 0) return 'only root makes network namespaces: run this as root';
  // A chroot may have the driver and no device file; link_emulator makes its own.
  const hasTun = existsSync('/dev/net/tun') || /\btun$/m.test(readFileSync('/proc/misc', 'utf8'));
  if (!hasTun) return 'there is no /dev/net/tun: load the kernel module tun';
  for (const tool of ['ip', 'nsenter', 'setpriv', 'unshare']) {
    const folders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
    if (folders.some((at) => existsSync(`${at}/${tool}`))) continue;
    return `there is no ${tool}: install Debian's iproute2 and util-linux`;
  }
  return false;
}

export class Namespace {
  #holder;

  static async open() {
    const namespace = new Namespace();
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    namespace.#holder = holder;
    await new Promise((resolve, reject) => {
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`unshare --net ended with ${code}`)));
      holder.stdout.once('data', resolve);
    });
    await namespace.run('ip', 'link', 'set', 'lo', 'up');
    return namespace;
  }

  get pid() {
    return this.#holder.pid;
  }

  get path() {
    return `/proc/${this.pid}/ns/net`;
  }

  // The command line that runs `command` in here, until it ends or this process does.
  enter(command, ...args) {
    const mortal = ['setpriv', '--pdeathsig', 'TERM'];
    return [...mortal, 'nsenter', `--net=${this.path}`, '--', command, ...args];
  }

  async run(command, ...args) {
    const [program, ...rest] = this.enter(command, ...args);
    const { stdout } = await run(program, rest);
    return stdout;
  }

  // A program at `path` that is `program` in here.
  async script(path, program) {
    await writeFile(path, `#!/bin/sh\nexec ${this.enter(program).join(' ')} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }

  close() {
    const { exitCode, signalCode } = this.#holder;
    if (exitCode !== null || signalCode !== null) return Promise.resolve();
    const ended = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.stdin.end();
    return ended;
  }
}

// A wire that does nothing wrong: a device called `device` in both.
export async function joinByCable(one, other, device) {
  await run('ip', [
    ...['link', 'add', device, 'netns', String(one.pid), 'type', 'veth'],
    ...['peer', 'name', device, 'netns', String(other.pid)],
  ]);
}

// Gives `device` of each an address; everything else is reached by way of the other for `client`.
export async function address(client, server, device, [clientIp, serverIp]) {
  const ends = [
    [client, clientIp, serverIp],
    [server, serverIp, clientIp],
  ];
  for (const [end, own, peer] of ends) {
    await end.run('ip', 'address', 'add', own, 'peer', peer, 'dev', device);
    await end.run('ip', 'link', 'set', device, 'up');
  }
  await client.run('ip', 'route', 'add', 'default', 'via', serverIp, 'dev', device);
}
