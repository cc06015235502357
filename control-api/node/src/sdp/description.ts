// A session description (RFC 8866) as data: what browsers and media servers say to one another.
import type { CodecParameters, RtcpFeedback, RtpHeaderExtensionDirection } from '../rtp_types.js';

/** RFC 8866 §6.7: of the media, from the point of view of who wrote the description. */
export type SdpDirection = RtpHeaderExtensionDirection;

/** RFC 4145 §4 with RFC 8842 §5: who begins the DTLS handshake. */
export type SdpSetup = 'actpass' | 'active' | 'passive' | 'holdconn';

/** RFC 8866 §5.2. The numbers are texts: they may have 64 bits. */
export interface SdpOrigin {
  username: string;
  sessionId: string;
  sessionVersion: string;
  address: string;
}

/** RFC 5888 §5: BUNDLE (RFC 8843), LS. */
export interface SdpGroup {
  semantics: string;
  mids: string[];
}

/** RFC 8839 §5.4. */
export interface SdpIceParameters {
  usernameFragment: string;
  password: string;
}

/** RFC 8122 §5: the value is in upper case, with colons. */
export interface SdpFingerprint {
  algorithm: string;
  value: string;
}

/** RFC 8839 §5.1, and RFC 6544 §4.5 for TCP. */
export interface SdpCandidate {
  foundation: string;
  component: number;
  protocol: string;
  priority: number;
  address: string;
  port: number;
  type: string;
  tcpType?: string;
  relatedAddress?: string;
  relatedPort?: number;
  usernameFragment?: string;
}

/** RFC 8866 §6.6 and §6.15, RFC 4585 §4.2. */
export interface SdpCodec {
  payloadType: number;
  /** Without the kind: "VP8". */
  name: string;
  clockRate: number;
  /** Of audio, if there are several. */
  channels?: number;
  parameters: CodecParameters;
  rtcpFeedback: RtcpFeedback[];
}

/** RFC 8285 §8. */
export interface SdpHeaderExtension {
  id: number;
  uri: string;
  direction?: SdpDirection;
}

/** RFC 5576 §4.1. */
export interface SdpSource {
  ssrc: number;
  cname?: string;
  msid?: string;
}

/** RFC 5576 §4.2: FID (RFC 4588 §8.7), SIM, FEC-FR. */
export interface SdpSourceGroup {
  semantics: string;
  ssrcs: number[];
}

/** RFC 8851 §4. */
export interface SdpRid {
  id: string;
  direction: 'send' | 'recv';
  /** "pt" among them, as it was written. */
  restrictions: Record<string, string>;
}

/** RFC 8853 §5.1: one entry for each stream, each with its alternatives. */
export interface SdpSimulcast {
  send: SdpSimulcastStream[][];
  recv: SdpSimulcastStream[][];
}

export interface SdpSimulcastStream {
  rid: string;
  /** Initially (the tilde). */
  paused: boolean;
}

/** RFC 8830 §2. */
export interface SdpMsid {
  /** "-" if the track is in no stream. */
  stream: string;
  track?: string;
}

/** From one "m=" line to the next. What stood at session level for all is filled in. */
export interface SdpSection {
  /** "audio", "video", "application" or whatever else was said. */
  kind: string;
  /** 0: refused, or no more in use (RFC 3264 §6 and §8.2), unless it is `bundleOnly`. */
  port: number;
  protocol: string;
  /** Payload types of RTP, or "webrtc-datachannel". */
  formats: string[];
  mid?: string;
  direction: SdpDirection;
  setup?: SdpSetup;
  ice?: SdpIceParameters;
  iceOptions: string[];
  fingerprints: SdpFingerprint[];
  candidates: SdpCandidate[];
  endOfCandidates: boolean;
  /** RFC 8843 §6. */
  bundleOnly: boolean;
  rtcpMux: boolean;
  /** RFC 8858 §3. */
  rtcpMuxOnly: boolean;
  rtcpReducedSize: boolean;
  /** RFC 8285 §6. */
  extmapAllowMixed: boolean;
  codecs: SdpCodec[];
  headerExtensions: SdpHeaderExtension[];
  msids: SdpMsid[];
  sources: SdpSource[];
  sourceGroups: SdpSourceGroup[];
  rids: SdpRid[];
  simulcast?: SdpSimulcast;
  /** RFC 8841 §5.1. */
  sctpPort?: number;
  /** Bytes (RFC 8841 §6.1). */
  maxMessageSize?: number;
}

export interface SessionDescription {
  origin: SdpOrigin;
  name: string;
  iceLite: boolean;
  iceOptions: string[];
  groups: SdpGroup[];
  sections: SdpSection[];
}

/** What is longer than this is nobody's description. */
export const sdpBounds = {
  /** Characters of a text; one of Chromium has about 6,000 for each section of video. */
  text: 1 << 20,
  lines: 32_768,
  /** Characters of a line. */
  line: 4096,
  sections: 256,
  /** Of one kind of attribute in one section. */
  attributes: 256,
} as const;

/** A section that says nothing yet. */
export function emptySection(kind: string, protocol: string): SdpSection {
  return {
    kind,
    port: 9,
    protocol,
    formats: [],
    direction: 'sendrecv',
    iceOptions: [],
    fingerprints: [],
    candidates: [],
    endOfCandidates: false,
    bundleOnly: false,
    rtcpMux: false,
    rtcpMuxOnly: false,
    rtcpReducedSize: false,
    extmapAllowMixed: false,
    codecs: [],
    headerExtensions: [],
    msids: [],
    sources: [],
    sourceGroups: [],
    rids: [],
  };
}

/** Refused, or no more in use. */
export function isStopped({ port, bundleOnly }: SdpSection): boolean {
  return port === 0 && !bundleOnly;
}

export function sends(direction: SdpDirection): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: SdpDirection): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}
