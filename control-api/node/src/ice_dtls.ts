// ICE and DTLS dictionaries, as clients send and expect them, to and from the schema.
import {
  DtlsRole as WireRole,
  FingerprintT,
  Protocol,
  type IceCandidateT,
  type IceParametersT,
} from './generated/schema.js';
import { asDictionary, asList, asName, asOneOf, optional } from './ortc/fields.js';

export interface IceParameters {
  usernameFragment: string;
  password: string;
  iceLite: true;
}

export interface IceCandidate {
  foundation: string;
  priority: number;
  address: string;
  /** The same as `address`, for clients of before 2023. */
  ip: string;
  protocol: 'udp' | 'tcp';
  port: number;
  type: 'host';
  tcpType?: 'passive';
}

export type IceState = 'new' | 'connected' | 'completed' | 'disconnected' | 'closed';
export type DtlsState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';
export type DtlsRole = 'auto' | 'client' | 'server';

export interface DtlsFingerprint {
  algorithm: string;
  value: string;
}

export interface DtlsParameters {
  role?: DtlsRole;
  fingerprints: DtlsFingerprint[];
}

const maxFingerprints = 8;
const roles = ['auto', 'client', 'server'] as const;

export function decodeIceParameters(parameters: IceParametersT | null): IceParameters {
  return {
    usernameFragment: String(parameters?.usernameFragment ?? ''),
    password: String(parameters?.password ?? ''),
    iceLite: true,
  };
}

export function decodeIceCandidate({
  foundation,
  priority,
  address,
  protocol,
  port,
}: IceCandidateT): IceCandidate {
  const isTcp = protocol === Protocol.Tcp;
  return {
    foundation: String(foundation),
    priority,
    address: String(address),
    ip: String(address),
    protocol: isTcp ? 'tcp' : 'udp',
    port,
    type: 'host',
    ...(isTcp ? { tcpType: 'passive' as const } : {}),
  };
}

export function decodeDtlsRole(role: WireRole): DtlsRole {
  return roles[role] ?? 'auto';
}

export function decodeFingerprint({ algorithm, value }: FingerprintT): DtlsFingerprint {
  return { algorithm: String(algorithm), value: String(value) };
}

/** Throws a TypeError that names the field. */
export function encodeDtlsParameters(value: unknown): {
  role: WireRole;
  fingerprints: FingerprintT[];
} {
  const parameters = asDictionary(value, 'dtlsParameters');
  const role =
    optional(parameters.role, 'dtlsParameters.role', (text, where) =>
      asOneOf(text, where, roles),
    ) ?? 'auto';
  const fingerprints = asList(
    parameters.fingerprints,
    'dtlsParameters.fingerprints',
    maxFingerprints,
    (entry, where) => {
      const fingerprint = asDictionary(entry, where);
      return new FingerprintT(
        asName(fingerprint.algorithm, `${where}.algorithm`),
        asName(fingerprint.value, `${where}.value`),
      );
    },
  );
  if (fingerprints.length === 0)
    throw new TypeError('dtlsParameters.fingerprints is missing or empty');
  return { role: roles.indexOf(role), fingerprints };
}
