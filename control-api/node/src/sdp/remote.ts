// What a description of the client says about the one transport that all its sections share.
import {
  isStopped,
  type SdpFingerprint,
  type SdpIceParameters,
  type SdpSection,
  type SdpSetup,
  type SessionDescription,
} from './description.js';
import { SdpError } from './sdp_error.js';

export interface RemoteTransport {
  ice: SdpIceParameters;
  fingerprints: SdpFingerprint[];
  setup: SdpSetup;
  /** The section stands in a BUNDLE group. */
  bundled: boolean;
}

// Whatever it is called (RFC 8829 §5.1.2), it is SRTP with keys from DTLS.
const rtpProtocols = /^((UDP|TCP)\/D?TLS\/)?RTP\/SAVPF?$/;
const dataProtocols = /^(UDP|TCP)\/DTLS\/SCTP$/;

const hashBytes = new Map([
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

/**
 * Of the first section that is in use, which is the one that the others are bundled with (RFC 8843
 * §7.1.1). Undefined if none is. Throws an SdpError if something is missing.
 */
export function remoteTransport({
  sections,
  groups,
}: SessionDescription): RemoteTransport | undefined {
  const index = sections.findIndex((section) => !isStopped(section));
  const first = sections[index];
  if (!first) return undefined;
  const { ice, fingerprints, setup } = first;
  if (!ice) throw new SdpError('ice-ufrag and ice-pwd are missing', { section: index });
  requireFingerprint(first, index);
  if (setup === 'holdconn')
    throw new SdpError('setup:holdconn cannot be granted', { section: index });
  const bundled = groups.some(
    ({ semantics, mids }) =>
      semantics === 'BUNDLE' && first.mid !== undefined && mids.includes(first.mid),
  );
  return { ice, fingerprints, setup: setup ?? 'actpass', bundled };
}

/**
 * Throws an SdpError if none of the section's fingerprints is by a hash that the worker computes, or
 * one is not as long as its hash. Others may stand beside them (RFC 8122 §5).
 */
function requireFingerprint({ fingerprints }: SdpSection, index: number): void {
  if (fingerprints.length === 0) throw new SdpError('fingerprint is missing', { section: index });
  const known = fingerprints.filter(({ algorithm }) => hashBytes.has(algorithm));
  if (known.length === 0)
    throw new SdpError('fingerprint is by none of sha-256, sha-384, sha-512', { section: index });
  const wrong = known.find(
    ({ algorithm, value }) => value.length !== 3 * (hashBytes.get(algorithm) as number) - 1,
  );
  if (wrong) throw new SdpError(`fingerprint is no ${wrong.algorithm} hash`, { section: index });
}

/** Why a section cannot be carried by the one transport that there is; undefined if it can. */
export function whyNot(
  section: SdpSection,
  description: SessionDescription,
  { hasSctp }: { hasSctp: boolean },
): string | undefined {
  const { kind, protocol, formats, sctpPort } = section;
  if (!isBundled(section, description)) return 'not in the BUNDLE group of the first section';
  if (kind === 'application') {
    if (!dataProtocols.test(protocol) || formats[0] !== 'webrtc-datachannel')
      return 'not webrtc-datachannel over DTLS';
    if (!hasSctp) return 'the transport was made without enableSctp';
    return (sctpPort ?? 5000) === 5000 ? undefined : 'sctp-port is not 5000';
  }
  if (kind !== 'audio' && kind !== 'video') return 'neither audio, video nor application';
  if (!rtpProtocols.test(protocol)) return 'not RTP over DTLS-SRTP';
  return section.rtcpMux || section.rtcpMuxOnly ? undefined : 'without rtcp-mux';
}

function isBundled(section: SdpSection, { sections, groups }: SessionDescription): boolean {
  const inUse = sections.filter((each) => !isStopped(each));
  if (inUse.length <= 1) return true;
  const group = groups.find(
    ({ semantics, mids }) => semantics === 'BUNDLE' && mids.includes(inUse[0]?.mid ?? '\n'),
  );
  if (!group) return section === inUse[0];
  return section.mid !== undefined && group.mids.includes(section.mid);
}

export function isSameIce(a: SdpIceParameters, b: SdpIceParameters): boolean {
  return a.usernameFragment === b.usernameFragment && a.password === b.password;
}

export function isSameFingerprint(a: SdpFingerprint[], b: SdpFingerprint[]): boolean {
  const texts = (list: SdpFingerprint[]): Set<string> =>
    new Set(list.map(({ algorithm, value }) => `${algorithm} ${value}`));
  const known = texts(a);
  return [...texts(b)].some((text) => known.has(text));
}
