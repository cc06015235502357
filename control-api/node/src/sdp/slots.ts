// The sections that both sides have agreed on, in their order, and how the server describes them.
import type { Consumer } from '../consumer.js';
import type { DtlsFingerprint, IceParameters } from '../ice_dtls.js';
import type { Producer } from '../producer.js';
import type { RtpParameters } from '../rtp_types.js';
import { acceptExtensions, sdpCodec, type AcceptedCodecs } from './capabilities.js';
import {
  emptySection,
  receives,
  type SdpCandidate,
  type SdpCodec,
  type SdpDirection,
  type SdpFingerprint,
  type SdpHeaderExtension,
  type SdpSection,
  type SdpSetup,
} from './description.js';
import type { SdpSender } from './sender.js';
import type { SenderParameters } from './sender_parameters.js';
import type { WebRtcTransport } from '../webrtc_transport.js';
import type { RtpCapabilities } from '../rtp_types.js';

/** What the client sends in a section. */
export interface Reception {
  parameters: SenderParameters;
  accepted: AcceptedCodecs;
  /** Undefined once the application has closed it, or did not accept it. */
  producer: Producer | undefined;
}

/** What the client gets in a section. */
export interface Transmission {
  sender: SdpSender;
  ssrc: number;
  rtpParameters: RtpParameters;
  /** Undefined until the client has agreed. */
  consumer: Consumer | undefined;
}

/** A section, for good: what changes becomes another one. */
export interface Slot {
  readonly kind: string;
  readonly protocol: string;
  readonly formats: string[];
  readonly mid: string;
  /** The client gave it no mid. */
  readonly anonymous: boolean;
  /** Refused, or no more in use: it may be used anew. */
  readonly stopped: boolean;
  /** Why it was refused. */
  readonly reason?: string;
  /** From the client's point of view, as it said last; sendrecv of what it has not seen. */
  readonly wanted: SdpDirection;
  /** In the client's numbers, to describe what carries nothing. */
  readonly idle: { codecs: SdpCodec[]; headerExtensions: SdpHeaderExtension[] };
  readonly reception?: Reception;
  readonly transmission?: Transmission;
  readonly extmapAllowMixed: boolean;
  readonly rtcpReducedSize: boolean;
}

/** What may be known of sections from outside. */
export interface SdpSectionStatus {
  mid: string;
  kind: string;
  /** From the server's point of view. */
  direction: SdpDirection | 'stopped';
  /** Why it was refused. */
  reason?: string;
  producer?: Producer;
  sender?: SdpSender;
}

/** Seen in its codecs and extensions, `section` with nothing in it yet. */
export function slotOf(
  section: SdpSection,
  {
    index,
    router,
    accepted,
  }: { index: number; router: RtpCapabilities; accepted: AcceptedCodecs | undefined },
): Slot {
  const { kind, protocol, formats, mid, extmapAllowMixed, rtcpReducedSize } = section;
  return {
    kind,
    protocol,
    formats,
    mid: mid ?? `${index}`,
    anonymous: mid === undefined,
    stopped: false,
    wanted: section.direction,
    idle: idleCodecs(section, router, accepted),
    extmapAllowMixed,
    rtcpReducedSize,
  };
}

export function refusedSlot(slot: Slot, reason?: string): Slot {
  const { reception: _, transmission: __, reason: ___, ...rest } = slot;
  return { ...rest, stopped: true, ...(reason === undefined ? {} : { reason }) };
}

export function emptied(slot: Slot): Slot {
  const { reception: _, transmission: __, ...rest } = slot;
  return rest;
}

/** The client would take something in it, and gets nothing. */
export function isFreeFor(slot: Slot, kind: string): boolean {
  const { stopped, transmission, reception, wanted } = slot;
  if (slot.kind !== kind || stopped || reception) return false;
  return (!transmission || transmission.sender.closed) && receives(wanted);
}

export function directionOf({ kind, wanted, reception, transmission }: Slot): SdpDirection {
  if (kind === 'application') return 'sendrecv';
  if (transmission && !transmission.sender.closed && receives(wanted)) return 'sendonly';
  return reception?.producer && !reception.producer.closed ? 'recvonly' : 'inactive';
}

export function statusOf(slot: Slot): SdpSectionStatus {
  const { mid, kind, reason, reception, transmission } = slot;
  return {
    mid,
    kind,
    direction: slot.stopped ? 'stopped' : directionOf(slot),
    ...(reason === undefined ? {} : { reason }),
    ...(reception?.producer ? { producer: reception.producer } : {}),
    ...(transmission ? { sender: transmission.sender } : {}),
  };
}

export interface LocalTransport {
  transport: WebRtcTransport;
  setup: SdpSetup;
  ice: IceParameters;
}

/** The section as the server describes it. */
export function describeSlot(slot: Slot, { transport, setup, ice }: LocalTransport): SdpSection {
  const section = emptySection(slot.kind, slot.protocol);
  if (!slot.anonymous) section.mid = slot.mid;
  if (slot.stopped) return { ...section, port: 0, formats: slot.formats };
  const { dtlsParameters, sctpParameters } = transport;
  section.ice = { usernameFragment: ice.usernameFragment, password: ice.password };
  section.fingerprints = ownFingerprints(dtlsParameters.fingerprints);
  section.setup = setup;
  if (slot.kind === 'application') {
    section.formats = ['webrtc-datachannel'];
    section.sctpPort = 5000;
    if (sctpParameters) section.maxMessageSize = sctpParameters.maxMessageSize;
    return section;
  }
  return describeMedia(section, slot);
}

/** All of them at once: an ICE-lite server has no more to tell (RFC 8840 §4.1.3 asks for the end). */
export function describeCandidates(section: SdpSection, candidates: SdpCandidate[]): void {
  section.candidates = candidates;
  section.endOfCandidates = true;
  // RFC 8839 §4.2.1.2: the default candidate stands in the m-line and the c-line.
  const usual = candidates.find(({ protocol }) => protocol === 'udp') ?? candidates[0];
  if (usual) section.port = usual.port;
}

// One is enough, and who reads SDP by simple means takes the last or the first.
function ownFingerprints(all: DtlsFingerprint[]): SdpFingerprint[] {
  const [best] = [...all].sort((a, b) => rank(a) - rank(b));
  return best ? [{ algorithm: best.algorithm, value: best.value.toUpperCase() }] : [];
}

// RFC 8122 §5: sha-256 is the one that everybody has.
function rank({ algorithm }: DtlsFingerprint): number {
  return algorithm.toLowerCase() === 'sha-256' ? 0 : 1;
}

function describeMedia(section: SdpSection, slot: Slot): SdpSection {
  const { reception, transmission, extmapAllowMixed, rtcpReducedSize } = slot;
  Object.assign(section, {
    direction: directionOf(slot),
    rtcpMux: true,
    extmapAllowMixed,
    rtcpReducedSize,
  });
  if (section.direction === 'sendonly' && transmission) describeSent(section, transmission);
  else if (section.direction === 'recvonly' && reception) describeReceived(section, reception);
  else Object.assign(section, structuredClone(slot.idle));
  section.formats = section.codecs.map(({ payloadType }) => `${payloadType}`);
  return section;
}

function describeSent(section: SdpSection, { sender, rtpParameters }: Transmission): void {
  const { codecs, headerExtensions = [], encodings = [], rtcp } = rtpParameters;
  const { stream, track } = sender.msid;
  section.codecs = codecs.map(sdpCodec);
  section.headerExtensions = headerExtensions.map(({ id, uri }) => ({ id, uri }));
  section.msids = [{ stream, track }];
  for (const { ssrc, rtx } of encodings) {
    if (ssrc === undefined) continue;
    const ssrcs = rtx ? [ssrc, rtx.ssrc] : [ssrc];
    if (rtx) section.sourceGroups.push({ semantics: 'FID', ssrcs });
    for (const each of ssrcs) {
      const msid = `${stream} ${track}`;
      section.sources.push({ ssrc: each, cname: rtcp?.cname ?? sender.producerId, msid });
    }
  }
}

function describeReceived(section: SdpSection, { accepted, parameters }: Reception): void {
  section.codecs = accepted.codecs.map(sdpCodec);
  section.headerExtensions = accepted.headerExtensions;
  if (parameters.rids.length === 0) return;
  section.rids = parameters.rids.map((id) => ({ id, direction: 'recv', restrictions: {} }));
  section.simulcast = {
    send: [],
    recv: parameters.rids.map((rid) => [{ rid, paused: false }]),
  };
}

// A section that carries nothing still has to name a codec (RFC 8866 §5.14).
function idleCodecs(
  section: SdpSection,
  router: RtpCapabilities,
  accepted: AcceptedCodecs | undefined,
): Slot['idle'] {
  return {
    codecs: accepted?.codecs.map(sdpCodec) ?? [],
    headerExtensions: acceptExtensions(section, router, () => true),
  };
}
