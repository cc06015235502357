// Between the codecs and header extensions of a section and the dictionaries of ORTC.
import { isCompatibleCodec } from '../ortc/codec_match.js';
import { answerProfileLevelId, defaultProfileLevelId } from '../ortc/h264_profile.js';
import { isRtx } from '../ortc/validation.js';
import type {
  MediaKind,
  RtcpFeedback,
  RtpCapabilities,
  RtpCodecCapability,
  RtpCodecParameters,
  RtpHeaderExtensionDirection,
} from '../rtp_types.js';
import {
  receives,
  sends,
  type SdpCodec,
  type SdpHeaderExtension,
  type SdpSection,
} from './description.js';
import { quoted } from './sdp_error.js';

export const extensionUris = {
  mid: 'urn:ietf:params:rtp-hdrext:sdes:mid',
  rid: 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  repairedRid: 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  transportCc: 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
} as const;

/** What accompanies media and is none itself. */
const helpers = /^(rtx|red|ulpfec|flexfec-03|flexfec|cn|telephone-event)$/i;

/** In a message; browsers offer five or six. */
const maxNames = 8;

/** Feedback that makes no sense without this header extension. */
const numberedFeedback = 'transport-cc';

/** The kind of a section of RTP. */
export function mediaKind({ kind }: { kind: string }): MediaKind | undefined {
  return kind === 'audio' || kind === 'video' ? kind : undefined;
}

/**
 * What a receiver that offers, or answers, this section can take: in its own payload types and
 * header extension ids. RTX stands behind what it repeats.
 */
export function capabilitiesOf(section: SdpSection): Required<RtpCapabilities> {
  const kind = mediaKind(section);
  if (!kind) return { codecs: [], headerExtensions: [] };
  return {
    codecs: section.codecs
      .filter((codec) => codec.name.toLowerCase() !== 'rtx' || rtxRepeats(codec, section))
      .map((codec) => capabilityOf(kind, codec)),
    headerExtensions: uniqueExtensions(section.headerExtensions).map(({ id, uri, direction }) => ({
      kind,
      uri,
      preferredId: id,
      preferredEncrypt: false,
      direction: direction ?? 'sendrecv',
    })),
  };
}

/** Capabilities of a whole description: of every codec the first that names it. */
export function capabilitiesOfAll(sections: SdpSection[]): Required<RtpCapabilities> {
  const all: Required<RtpCapabilities> = { codecs: [], headerExtensions: [] };
  for (const section of sections) {
    const { codecs, headerExtensions } = capabilitiesOf(section);
    for (const codec of codecs) {
      const known = all.codecs.some(
        (other) => other.preferredPayloadType === codec.preferredPayloadType,
      );
      if (!known) all.codecs.push(codec);
    }
    for (const extension of headerExtensions) {
      const known = all.headerExtensions.some(
        ({ kind, uri }) => kind === extension.kind && uri === extension.uri,
      );
      if (!known) all.headerExtensions.push(extension);
    }
  }
  return all;
}

/** A codec as the sender of a section describes it. */
export function codecParameters(kind: MediaKind, codec: SdpCodec): RtpCodecParameters {
  const { preferredPayloadType, kind: _, ...rest } = capabilityOf(kind, codec);
  return { ...rest, payloadType: preferredPayloadType as number };
}

/** A codec of ORTC as SDP writes it. */
export function sdpCodec(codec: RtpCodecParameters): SdpCodec {
  const { mimeType, payloadType, clockRate, channels, parameters, rtcpFeedback } = codec;
  return {
    payloadType,
    name: mimeType.slice(mimeType.indexOf('/') + 1),
    clockRate,
    ...(channels === undefined ? {} : { channels }),
    parameters: { ...parameters },
    rtcpFeedback: (rtcpFeedback ?? []).map((feedback) => ({ ...feedback })),
  };
}

/** What of a section's codecs a sender may use towards this router. */
export interface AcceptedCodecs {
  /** The media codec and, where both sides have it, its RTX; in the section's payload types. */
  codecs: RtpCodecParameters[];
  headerExtensions: SdpHeaderExtension[];
}

/**
 * The first codec of the section that the router has, or the first of `prefer` (MIME types) that
 * both have. Undefined if there is none.
 */
export function acceptCodecs(
  section: SdpSection,
  router: RtpCapabilities,
  prefer: string[] = [],
): AcceptedCodecs | undefined {
  const kind = mediaKind(section);
  if (!kind) return undefined;
  const headerExtensions = acceptExtensions(section, router, receives);
  const numbered = headerExtensions.some(({ uri }) => uri === extensionUris.transportCc);
  const routed = (router.codecs ?? []).filter((ours) => ours.kind === kind);
  const names = new Set(routed.map(({ mimeType }) => mimeType.toLowerCase()));
  const pairs = section.codecs
    .filter(({ name }) => !helpers.test(name) && names.has(`${kind}/${name.toLowerCase()}`))
    .flatMap((codec) => {
      const theirs = codecParameters(kind, codec);
      const ours = routed.find((candidate) => isCompatibleCodec(theirs, candidate));
      return ours ? [{ theirs, ours }] : [];
    });
  const favourites = prefer.map((mimeType) => mimeType.toLowerCase());
  const wanted = favourites.flatMap((mimeType) =>
    pairs.filter(({ theirs }) => theirs.mimeType.toLowerCase() === mimeType),
  );
  const chosen = wanted[0] ?? pairs[0];
  if (!chosen) return undefined;
  const rtx = routed.some(
    (codec) => isRtx(codec) && codec.parameters?.apt === chosen.ours.preferredPayloadType,
  )
    ? section.codecs.find(
        (codec) =>
          codec.name.toLowerCase() === 'rtx' &&
          codec.parameters['apt'] === chosen.theirs.payloadType,
      )
    : undefined;
  return {
    codecs: [
      agree(chosen.theirs, chosen.ours, numbered),
      ...(rtx ? [{ ...codecParameters(kind, rtx), rtcpFeedback: [] }] : []),
    ],
    headerExtensions,
  };
}

/** Codecs for a message; of H264 also the profiles, which have to fit as well. */
export function codecNames(codecs: Pick<SdpCodec, 'name' | 'parameters'>[]): string {
  const names = codecs
    .filter(({ name }) => !helpers.test(name))
    .map(({ name, parameters }) => {
      if (name.toLowerCase() !== 'h264') return name;
      const profile = quoted(String(parameters['profile-level-id'] ?? defaultProfileLevelId));
      const mode = parameters['packetization-mode'] ?? 0;
      return `${name} ${profile} packetization-mode ${typeof mode === 'string' ? quoted(mode) : mode}`;
    });
  const some = [...new Set(names)].slice(0, maxNames);
  return some.length > 0 ? some.join(', ') : 'none';
}

/** Why none of a section's codecs is accepted. */
export function whyNoCodec({ kind, codecs }: SdpSection, router: RtpCapabilities): string {
  const ours = (router.codecs ?? [])
    .filter((codec) => codec.kind === kind)
    .map(({ mimeType, parameters = {} }) => {
      return { name: mimeType.slice(mimeType.indexOf('/') + 1), parameters };
    });
  return `the router has none of its codecs (${codecNames(codecs)}), but ${codecNames(ours)}`;
}

/** Header extensions of the section that the router reads (`receives`) or writes (`sends`). */
export function acceptExtensions(
  section: SdpSection,
  router: RtpCapabilities,
  way: typeof receives | typeof sends,
): SdpHeaderExtension[] {
  const theirs = way === receives ? sends : receives;
  return uniqueExtensions(section.headerExtensions)
    .filter(({ uri, direction }) => {
      if (!theirs(direction ?? 'sendrecv')) return false;
      const ours = (router.headerExtensions ?? []).find(
        (extension) => extension.kind === section.kind && extension.uri === uri,
      );
      return (
        ours !== undefined && way((ours.direction ?? 'sendrecv') as RtpHeaderExtensionDirection)
      );
    })
    .map(({ id, uri }) => ({ id, uri }));
}

// RFC 8285 §5: of an extension that is offered twice one is taken.
function uniqueExtensions(extensions: SdpHeaderExtension[]): SdpHeaderExtension[] {
  const seen = new Set<string | number>();
  return extensions.filter(({ id, uri }) => {
    // 0 and 15 mean something else in the one-byte form.
    if (id === 15 || seen.has(uri) || seen.has(id)) return false;
    seen.add(uri).add(id);
    return true;
  });
}

function capabilityOf(kind: MediaKind, codec: SdpCodec): RtpCodecCapability {
  const { payloadType, name, clockRate, channels, parameters, rtcpFeedback } = codec;
  return {
    kind,
    mimeType: `${kind}/${name}`,
    preferredPayloadType: payloadType,
    clockRate,
    ...(kind === 'audio' ? { channels: channels ?? 1 } : {}),
    parameters: { ...parameters },
    rtcpFeedback: rtcpFeedback.map((feedback) => ({ ...feedback })),
  };
}

function rtxRepeats(codec: SdpCodec, { codecs }: SdpSection): boolean {
  return codecs.some(
    (other) => other.payloadType === codec.parameters['apt'] && other.name.toLowerCase() !== 'rtx',
  );
}

// What the sender may do of what it offered: what the router understands as well.
function agree(
  theirs: RtpCodecParameters,
  ours: RtpCodecCapability,
  numbered: boolean,
): RtpCodecParameters {
  const known = (feedback: RtcpFeedback): boolean =>
    (ours.rtcpFeedback ?? []).some(
      ({ type, parameter }) =>
        type === feedback.type && (parameter ?? '') === (feedback.parameter ?? ''),
    );
  const offered = (theirs.rtcpFeedback ?? []).filter(known);
  const byNumber = numbered && offered.some(({ type }) => type === numberedFeedback);
  const parameters = { ...theirs.parameters };
  if (theirs.mimeType.toLowerCase() === 'video/h264') {
    // RFC 6184 §8.2.2: with the level that the router takes, if both allow two of them.
    parameters['profile-level-id'] = answerProfileLevelId(
      { 'profile-level-id': parameters['profile-level-id'] as string, ...ours.parameters },
      parameters,
    );
  }
  return {
    ...theirs,
    parameters,
    // One estimate of the path is enough: that of the sender, if it can make one.
    rtcpFeedback: offered.filter(({ type }) =>
      type === numberedFeedback ? byNumber : !(byNumber && type === 'goog-remb'),
    ),
  };
}
