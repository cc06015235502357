// Which addresses the media ports listen on, and which one browsers are told.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

import type { ListenInfo } from './engine';
import { reasonOf } from './log';
import type { Options } from './options';

const kWildcards = new Set(['0.0.0.0', '::']);

// The first address of this machine that others can reach. A wildcard cannot be a candidate: a
// browser would send its media to itself.
export function outwardAddress(
  listen: string,
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string | null {
  const family = isIP(listen) === 6 ? 'IPv6' : 'IPv4';
  for (const addresses of Object.values(interfaces)) {
    for (const found of addresses ?? []) {
      const linkLocal = found.address.startsWith('fe80:');
      if (found.family === family && !found.internal && !linkLocal) return found.address;
    }
  }
  return null;
}

// Rejects with a sentence if nothing of this machine can be bound there. Only the kernel knows: it may
// have been told to allow what no interface has.
export async function requireOwnAddress(listen: string): Promise<void> {
  const socket = createSocket(isIP(listen) === 6 ? 'udp6' : 'udp4');
  try {
    const bound = once(socket, 'listening');
    socket.bind(0, listen);
    await bound;
  } catch (error) {
    throw new Error(`--listen ${listen} is not an address of this machine: ${reasonOf(error)}`);
  } finally {
    socket.close();
  }
}

export function announcedAddress(options: Options): string | null {
  if (options.announcedAddress !== null || !kWildcards.has(options.listen)) {
    return options.announcedAddress;
  }
  const found = outwardAddress(options.listen);
  if (found === null) {
    throw new Error(
      `--announced-address is needed: no address to announce was found for ${options.listen}`,
    );
  }
  return found;
}

export function listenInfosOf(options: Options, index: number): ListenInfo[] {
  const announced = announcedAddress(options);
  const info: Omit<ListenInfo, 'protocol'> = { ip: options.listen };
  if (announced !== null) info.announcedAddress = announced;
  // Each worker has a port of its own, so that a browser's packets find the right process.
  if (options.rtcPort !== 0) info.port = options.rtcPort + index;
  const infos: ListenInfo[] = [{ protocol: 'udp', ...info }];
  // For browsers that UDP does not reach. They try it last.
  if (options.maxTcp !== 0) infos.push({ protocol: 'tcp', ...info });
  return infos;
}

// The host a person would type. Behind a wildcard, that is the address the operator announced.
export function urlHost(options: Options): string {
  const { listen, announcedAddress: announced } = options;
  if (listen === '127.0.0.1' || listen === '::1') return 'localhost';
  if (announced === null && kWildcards.has(listen)) return 'localhost';
  // Nobody outside reaches the rest of the loopback network by another name either.
  const host = isLoopback(listen) ? listen : (announced ?? listen);
  return isIP(host) === 6 ? `[${host}]` : host;
}

function isLoopback(listen: string): boolean {
  return isIP(listen) === 4 && listen.startsWith('127.');
}

// Every name a browser may use for this server, for the certificate.
export function certificateNames(options: Options): string[] {
  const names = new Set(['localhost', '127.0.0.1', '::1']);
  const announced = announcedAddress(options);
  if (announced !== null) names.add(announced);
  if (!kWildcards.has(options.listen)) names.add(options.listen);
  return [...names];
}
