// Ports for tools: finding a free pair, and seeing when somebody has bound it.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { AddressInfo } from 'node:net';

const kLoopback = '127.0.0.1';
const kTries = 100;

function bindable(port: number): Promise<number | null> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => resolve(null));
    socket.bind(port, kLoopback, () => {
      const found = (socket.address() as AddressInfo).port;
      socket.close(() => resolve(found));
    });
  });
}

// An even port of 127.0.0.1 that is free together with the next one (RFC 3550 §11). Somebody may
// take it before the tool does; then the tool says so.
export async function freePortPair(): Promise<number> {
  for (let tries = 0; tries < kTries; ++tries) {
    const port = await bindable(0);
    if (port !== null && port % 2 === 0 && (await bindable(port + 1)) !== null) return port;
  }
  throw new Error('no two free UDP ports beside one another were found on 127.0.0.1');
}

// The inodes of sockets that are bound to a UDP port here, by port.
function boundSockets(): Map<number, Set<string>> {
  const bound = new Map<number, Set<string>>();
  for (const table of ['/proc/net/udp', '/proc/net/udp6']) {
    for (const row of read(table).split('\n').slice(1)) {
      const fields = row.trim().split(/\s+/);
      const [local, inode] = [fields[1], fields[9]];
      if (!local || !inode) continue;
      const port = parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
      bound.set(port, (bound.get(port) ?? new Set()).add(inode));
    }
  }
  return bound;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function socketsOf(pid: number): Set<string> {
  const found = new Set<string>();
  try {
    for (const name of readdirSync(`/proc/${pid}/fd`)) {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${name}`)) ?? [];
      if (inode) found.add(inode);
    }
  } catch {
    // The process is gone.
  }
  return found;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

// Whether all these ports are bound: by this process, or without `pid` by anybody.
export function areBound(ports: number[], pid?: number): boolean {
  const bound = boundSockets();
  const own = pid === undefined ? null : socketsOf(pid);
  return ports.every((port) =>
    [...(bound.get(port) ?? [])].some((inode) => own?.has(inode) ?? true),
  );
}

// Sends from one socket to a port and the one behind it.
export class PortPair {
  private leaving = 0;
  private closing = false;

  private constructor(
    private readonly socket: ReturnType<typeof createSocket>,
    private readonly host: string,
    readonly port: number,
  ) {
    // Nobody listens yet, or any more.
    socket.on('error', () => {});
  }

  static async to(host: string, port: number): Promise<PortPair> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0);
    await once(socket, 'listening');
    return new PortPair(socket, host, port);
  }

  rtp(packet: Buffer): void {
    this.send(packet, this.port);
  }

  rtcp(packet: Buffer): void {
    this.send(packet, this.port + 1);
  }

  // What was sent leaves first: it takes a turn.
  close(): void {
    this.closing = true;
    if (this.leaving === 0) this.socket.close();
  }

  private send(packet: Buffer, port: number): void {
    if (this.closing) return;
    this.leaving += 1;
    this.socket.send(packet, port, this.host, () => {
      this.leaving -= 1;
      if (this.closing && this.leaving === 0) this.socket.close();
    });
  }
}
