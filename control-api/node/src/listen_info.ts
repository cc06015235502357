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
    optional(info.announcedAddress, `${where}.announcedAddress`, asName) ?? null,
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

function asPort(value: unknown, where: string): number {
  return asInteger(value, where, 0, 65535);
}

function asSize(value: unknown, where: string): number {
  return asInteger(value, where, 0, maxUint32);
}
