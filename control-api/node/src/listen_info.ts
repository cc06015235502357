// Where sockets are opened.
import { ListenInfoT, Protocol } from './generated/schema.js';
import {
  asBoolean,
  asDictionary,
  asInteger,
  asList,
  asName,
  asOneOf,
  optional,
} from './ortc/fields.js';

export interface TransportListenInfo {
  protocol: 'udp' | 'tcp';
  /** An IPv4 or IPv6 literal. */
  ip: string;
  /** IP or host name that candidates carry instead. */
  announcedAddress?: string;
  /** The old name of `announcedAddress`. */
  announcedIp?: string;
  /** Also announce `ip` when `announcedAddress` is set. */
  exposeInternalIp?: boolean;
  /** Any port of the range if missing. */
  port?: number;
  portRange?: { min: number; max: number };
  /** `udpReusePort` shares a port of UDP with others who ask for it, too (SO_REUSEPORT). */
  flags?: { ipv6Only?: boolean; udpReusePort?: boolean };
  /** Bytes; of TCP, for each connection. */
  sendBufferSize?: number;
  recvBufferSize?: number;
}

/** As it was before there were listen infos: an address, or an address and what stands for it. */
export type TransportListenIp = string | { ip: string; announcedIp?: string };

export interface OldListenOptions {
  /** Old: UDP there, if `listenInfo` is missing. */
  listenIp?: TransportListenIp;
  /** Old: the port, with `listenIp` or `listenIps`. */
  port?: number;
}

const maxListenInfos = 8;
const maxUint32 = 0xffffffff;

/** Throws a TypeError that names the field. */
export function encodeListenInfos(value: unknown, where = 'listenInfos'): ListenInfoT[] {
  const infos = asList(value, where, maxListenInfos, encodeListenInfo);
  if (infos.length === 0) throw new TypeError(`${where} is missing or empty`);
  return infos;
}

/** Throws a TypeError that names the field. */
export function encodeListenInfo(value: unknown, where: string): ListenInfoT {
  const info = asDictionary(value, where);
  const range = optional(info.portRange, `${where}.portRange`, asDictionary) ?? {};
  const flags = optional(info.flags, `${where}.flags`, asDictionary) ?? {};
  const protocol = asOneOf(info.protocol, `${where}.protocol`, ['udp', 'tcp'] as const);
  return new ListenInfoT(
    protocol === 'tcp' ? Protocol.Tcp : Protocol.Udp,
    asName(info.ip, `${where}.ip`),
    optional(info.announcedAddress, `${where}.announcedAddress`, asName) ??
      optional(info.announcedIp, `${where}.announcedIp`, asName) ??
      null,
    optional(info.exposeInternalIp, `${where}.exposeInternalIp`, asBoolean) ?? false,
    optional(info.port, `${where}.port`, asPort) ?? 0,
    optional(range.min, `${where}.portRange.min`, asPort) ?? 0,
    optional(range.max, `${where}.portRange.max`, asPort) ?? 0,
    optional(flags.ipv6Only, `${where}.flags.ipv6Only`, asBoolean) ?? false,
    optional(flags.udpReusePort, `${where}.flags.udpReusePort`, asBoolean) ?? false,
    optional(info.sendBufferSize, `${where}.sendBufferSize`, asSize) ?? 0,
    optional(info.recvBufferSize, `${where}.recvBufferSize`, asSize) ?? 0,
  );
}

/** `listenInfo`, or what the old options say instead. Throws a TypeError that names the field. */
export function encodeOneListenInfo(
  options: OldListenOptions & { listenInfo?: TransportListenInfo | undefined },
): ListenInfoT {
  const { listenInfo, listenIp, port } = options;
  if (listenIp === undefined) return encodeListenInfo(listenInfo, 'listenInfo');
  if (listenInfo !== undefined) throw new TypeError('listenInfo and listenIp are both given');
  return encodeListenIp(listenIp, 'listenIp', { protocol: 'udp', port });
}

/** For each address, UDP and TCP as far as they are enabled. Throws a TypeError that names the field. */
export function encodeListenIps(
  value: unknown,
  { port, protocols }: { port: number | undefined; protocols: ('udp' | 'tcp')[] },
): ListenInfoT[] {
  const infos = asList(value, 'listenIps', maxListenInfos, (entry, where) =>
    protocols.map((protocol) => encodeListenIp(entry, where, { protocol, port })),
  ).flat();
  if (infos.length === 0) throw new TypeError('listenIps is missing or empty');
  if (infos.length > maxListenInfos)
    throw new TypeError(`listenIps stand for more than ${maxListenInfos} sockets`);
  return infos;
}

function encodeListenIp(
  value: unknown,
  where: string,
  rest: { protocol: 'udp' | 'tcp'; port: number | undefined },
): ListenInfoT {
  const address = typeof value === 'string' ? { ip: value } : asDictionary(value, where);
  const { ip, announcedIp } = address as { ip?: unknown; announcedIp?: unknown };
  return encodeListenInfo({ ...rest, ip, announcedAddress: announcedIp }, where);
}

function asPort(value: unknown, where: string): number {
  return asInteger(value, where, 0, 65535);
}

function asSize(value: unknown, where: string): number {
  return asInteger(value, where, 0, maxUint32);
}
