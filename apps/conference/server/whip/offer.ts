// What a client offers, and whether all of it can be granted.
//
// A session is all or nothing (RFC 9725 §4.4.3): whoever reads an answer that refuses half of the
// offer would believe to be on air. So everything is looked at before anything is made.

import { sdp } from '@sluice/sdk';

import type { types } from 'mediasoup-client';
import { problem } from '../http_problem';
import type { Problem } from '../http_problem';

export type OfferedSection = sdp.SdpSection;

export interface PlannedSection {
  section: OfferedSection;
  // Of the description; the mid, or the index if it has none.
  index: number;
  mid: string;
  kind: 'audio' | 'video';
}

export interface OfferPlan {
  description: sdp.SessionDescription;
  ice: { usernameFragment: string; password: string };
  dtls: types.DtlsParameters;
  // Those that carry something, at most one of a kind (RFC 9725 §4.4.2).
  sections: PlannedSection[];
}

// The way of the media, from the client's point of view.
export type Way = 'sends' | 'receives';

// Who begins the handshake, as the client put it: what it is then (RFC 8842 §5.3). A client that may
// be either begins, because it knows our address and we do not know that it can be reached.
const kRoles: Record<string, types.DtlsRole> = {
  actpass: 'client',
  active: 'client',
  passive: 'server',
};
const kDirections: Record<Way, string[]> = {
  sends: ['sendonly', 'sendrecv'],
  receives: ['recvonly', 'sendrecv'],
};
const kProtocol = /^(UDP|TCP)\/TLS\/RTP\/SAVPF?$/;

// Throws 400 for what is no description and 422 for one that cannot be granted as a whole.
export function planOffer(text: string, way: Way): OfferPlan {
  const description = parse(text);
  const used = description.sections
    .map((section, index) => ({ section, index }))
    .filter(({ section }) => section.port !== 0 || section.bundleOnly);
  const [first] = used;
  if (!first) throw problem(422, 'SDP: nothing is offered.');
  const sections = used.map(({ section, index }) => planSection(section, index, way));
  for (const kind of ['audio', 'video']) {
    const second = sections.filter((planned) => planned.kind === kind)[1];
    if (second) throw refused(second.index, `a second ${kind} track; there may be one of a kind`);
  }
  requireBundle(description, used);
  return { description, sections, ...transportOf(first.section, first.index) };
}

export function refused(index: number, why: string): Problem {
  return problem(422, `SDP section ${index}: ${why}.`);
}

function parse(text: string): sdp.SessionDescription {
  try {
    return sdp.parseSdp(text);
  } catch (error) {
    if (error instanceof sdp.SdpError) throw problem(400, error.message);
    throw error;
  }
}

function planSection(section: OfferedSection, index: number, way: Way): PlannedSection {
  const { kind, protocol, direction, rtcpMux, rtcpMuxOnly, mid } = section;
  if (kind !== 'audio' && kind !== 'video') throw refused(index, 'neither audio nor video');
  if (!kProtocol.test(protocol)) throw refused(index, 'not RTP over DTLS-SRTP');
  if (!kDirections[way].includes(direction)) {
    throw refused(index, `${direction}, where the client ${way} only`);
  }
  if (!rtcpMux && !rtcpMuxOnly) throw refused(index, 'without rtcp-mux');
  return { section, index, mid: mid ?? String(index), kind };
}

// RFC 9725 §4.4.1: all on one transport.
function requireBundle(
  { groups }: sdp.SessionDescription,
  used: { section: OfferedSection; index: number }[],
): void {
  if (used.length === 1) return;
  const bundled = new Set(
    groups.filter(({ semantics }) => semantics === 'BUNDLE').flatMap(({ mids }) => mids),
  );
  const loose = used.find(({ section }) => !section.mid || !bundled.has(section.mid));
  if (loose) throw refused(loose.index, 'not in a BUNDLE group with the others');
}

function requireFingerprint(section: OfferedSection, index: number): void {
  try {
    sdp.requireFingerprint(section, index);
  } catch (error) {
    if (error instanceof sdp.SdpError) throw problem(422, error.message);
    throw error;
  }
}

function transportOf(section: OfferedSection, index: number): Pick<OfferPlan, 'ice' | 'dtls'> {
  const { ice, fingerprints, setup } = section;
  if (!ice) throw refused(index, 'without ice-ufrag and ice-pwd');
  if (fingerprints.length === 0) throw refused(index, 'without a fingerprint');
  requireFingerprint(section, index);
  const role = kRoles[setup ?? 'actpass'];
  if (!role) throw refused(index, `setup:${setup} cannot be granted`);
  const known = fingerprints as types.DtlsFingerprint[];
  return { ice, dtls: { role, fingerprints: known } };
}
