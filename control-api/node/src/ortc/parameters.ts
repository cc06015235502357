// From a producer's parameters to what its consumers get.
//
// Three descriptions of one stream: the producer's own (its payload types and extension ids), the
// consumable one (the router's numbers), and the consumer's (the router's numbers, cut down to what
// the receiver can do).
import { UnsupportedError } from '../errors.js';
import type { ProducerType } from '../producer.js';
import type {
  MediaKind,
  RtcpFeedback,
  RtpCapabilities,
  RtpCodecCapability,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtensionParameters,
  RtpMapping,
  RtpParameters,
} from '../rtp_types.js';
import { parseScalabilityMode } from '../scalability_mode.js';
import { isCompatibleCodec } from './codec_match.js';
import { compact } from './fields.js';
import { answerProfileLevelId } from './h264_profile.js';
import {
  isRtx,
  kindOf,
  validateRtpCapabilities,
  validateRtpParameters,
  type Codecs,
  type ValidCapabilities,
  type ValidParameters,
} from './validation.js';

const transportCcUri = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';
const absSendTimeUri = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time';

/**
 * Which payload type of the router each codec of `parameters` stands for. Throws an
 * UnsupportedError for a codec that the router does not have.
 */
export function getProducerRtpParametersMapping(
  parameters: ValidParameters,
  routerCapabilities: RtpCapabilities,
): RtpMapping {
  const router = validateRtpCapabilities(routerCapabilities, 'router.rtpCapabilities');
  const mapped = new Map<number, number>();
  for (const codec of parameters.codecs) {
    if (mapped.has(codec.payloadType) || isDuplicate(codec, parameters.codecs)) {
      throw new TypeError(`rtpParameters.codecs: payloadType ${codec.payloadType} is used twice`);
    }
    if (!isRtx(codec)) mapped.set(codec.payloadType, routerPayloadType(codec, router));
  }
  for (const codec of parameters.codecs.filter(isRtx)) {
    mapped.set(codec.payloadType, routerRtxPayloadType(codec, mapped, router));
  }
  return {
    codecs: [...mapped].map(([payloadType, mappedPayloadType]) => ({
      payloadType,
      mappedPayloadType,
    })),
  };
}

/** The producer's stream in the router's numbers, with everything that any receiver may get. */
export function getConsumableRtpParameters(
  kind: MediaKind,
  parameters: ValidParameters,
  routerCapabilities: RtpCapabilities,
  mapping: RtpMapping,
): ValidParameters {
  const router = validateRtpCapabilities(routerCapabilities, 'router.rtpCapabilities');
  const numbers = new Map(
    mapping.codecs.map((entry) => [entry.payloadType, entry.mappedPayloadType]),
  );
  const seen = new Set<number>();
  const codecs = parameters.codecs
    .filter((codec) => !isRtx(codec))
    .flatMap((codec) => {
      const ours = router.codecs.find(
        (entry) => entry.preferredPayloadType === numbers.get(codec.payloadType),
      );
      if (!ours || seen.has(ours.preferredPayloadType as number)) return [];
      seen.add(ours.preferredPayloadType as number);
      return consumableCodecs(codec, ours, router);
    });
  const headerExtensions = router.headerExtensions
    .filter(
      (extension) =>
        extension.kind === kind && ['sendrecv', 'sendonly'].includes(extension.direction as string),
    )
    .map((extension) => ({
      uri: extension.uri,
      id: extension.preferredId,
      encrypt: false,
      parameters: {},
    }));
  return {
    codecs,
    headerExtensions,
    encodings: parameters.encodings.map(({ dtx, scalabilityMode, maxBitrate }) =>
      compact({ dtx, scalabilityMode, maxBitrate }),
    ),
    rtcp: compact({ cname: parameters.rtcp.cname, reducedSize: true }),
  };
}

/** True if a receiver with `capabilities` can decode at least one codec of `consumable`. */
export function canConsume(consumable: ValidParameters, capabilities: unknown): boolean {
  const receiver = validateRtpCapabilities(capabilities);
  return consumable.codecs.some(
    (codec) => !isRtx(codec) && receiverCodec(codec, receiver) !== undefined,
  );
}

export interface ConsumerOptions {
  enableRtx: boolean;
  ssrc: number;
  mid: string;
}

/** What a receiver with `capabilities` gets: one encoding with an SSRC of its own. */
export function getConsumerRtpParameters(
  consumable: ValidParameters,
  capabilities: unknown,
  options: ConsumerOptions,
): ValidParameters {
  const receiver = validateRtpCapabilities(capabilities);
  const headerExtensions = receivedExtensions(consumable, receiver);
  const isAllowed = feedbackRule(headerExtensions, options.enableRtx);
  const codecs = consumable.codecs
    .filter((codec) => !isRtx(codec))
    .flatMap((codec) => receivedCodecs(codec, consumable, receiver, options.enableRtx))
    .map((codec) => ({ ...codec, rtcpFeedback: codec.rtcpFeedback.filter(isAllowed) }));
  if (codecs.length === 0) throw new UnsupportedError('no compatible media codecs');

  const encoding: RtpEncodingParameters = compact({
    ssrc: options.ssrc,
    rtx: codecs.some(isRtx) ? { ssrc: options.ssrc + 1 } : undefined,
    ...combineEncodings(consumable.encodings),
  });
  return {
    mid: options.mid,
    codecs,
    headerExtensions,
    encodings: [encoding],
    rtcp: { ...consumable.rtcp },
  };
}

/** A clean copy of what a producer sends, with at least one encoding. */
export function validateProducerRtpParameters(kind: MediaKind, value: unknown): ValidParameters {
  const parameters = validateRtpParameters(value);
  const stranger = parameters.codecs.find((codec) => kindOf(codec.mimeType) !== kind);
  if (stranger)
    throw new TypeError(`rtpParameters.codecs: ${stranger.mimeType} is no ${kind} codec`);
  if (parameters.encodings.length > 1) requireNames(kind, parameters.encodings);
  if (parameters.encodings.length === 0) {
    // Without SSRC and RID the MID is all that packets can be told by (RFC 8843 §9.2).
    if (parameters.mid === undefined)
      throw new TypeError('rtpParameters.encodings is missing, and so is mid');
    parameters.encodings = [{}];
  }
  return parameters;
}

/** What a worker calls a producer of these parameters. */
export function getProducerType({ encodings = [] }: RtpParameters): ProducerType {
  if (encodings.length > 1) return 'simulcast';
  // Layers of time alone are no reason to treat a stream as another than a simple one.
  return parseScalabilityMode(encodings[0]?.scalabilityMode).spatialLayers > 1 ? 'svc' : 'simple';
}

// Several encodings share a MID, so each needs another name for its packets.
function requireNames(kind: MediaKind, encodings: RtpEncodingParameters[]): void {
  if (kind === 'audio') throw new TypeError('rtpParameters.encodings: audio has one encoding');
  const seen = new Set<string | number>();
  for (const [index, { ssrc, rid }] of encodings.entries()) {
    const where = `rtpParameters.encodings[${index}]`;
    if (ssrc === undefined && rid === undefined)
      throw new TypeError(`${where} has neither ssrc nor rid`);
    for (const [field, name] of Object.entries({ ssrc, rid })) {
      if (name === undefined) continue;
      if (seen.has(name)) throw new TypeError(`${where}.${field} is used twice`);
      seen.add(name);
    }
  }
}

function isDuplicate(codec: RtpCodecParameters, codecs: RtpCodecParameters[]): boolean {
  return codecs.filter((other) => other.payloadType === codec.payloadType).length > 1;
}

function routerPayloadType(codec: RtpCodecParameters, router: ValidCapabilities): number {
  const ours = router.codecs.find((candidate) => isCompatibleCodec(codec, candidate));
  if (ours?.preferredPayloadType === undefined) {
    throw new UnsupportedError(
      `unsupported codec [mimeType: ${codec.mimeType}, payloadType: ${codec.payloadType}]`,
    );
  }
  return ours.preferredPayloadType;
}

function routerRtxPayloadType(
  rtx: Codecs<RtpCodecParameters>,
  mapped: Map<number, number>,
  router: ValidCapabilities,
): number {
  const media = mapped.get(rtx.parameters.apt as number);
  if (media === undefined) {
    throw new TypeError(
      `rtpParameters.codecs: rtx payloadType ${rtx.payloadType} has an apt that names no codec`,
    );
  }
  const ours = router.codecs.find(
    (candidate) => isRtx(candidate) && candidate.parameters.apt === media,
  );
  if (ours?.preferredPayloadType === undefined) {
    throw new UnsupportedError(
      `no RTX in the router for payloadType ${String(rtx.parameters.apt)}`,
    );
  }
  return ours.preferredPayloadType;
}

function consumableCodecs(
  codec: Codecs<RtpCodecParameters>,
  ours: Codecs<RtpCodecCapability>,
  router: ValidCapabilities,
): Codecs<RtpCodecParameters>[] {
  const parameters = { ...codec.parameters };
  if (codec.mimeType.toLowerCase() === 'video/h264') {
    parameters['profile-level-id'] = answerProfileLevelId(ours.parameters, codec.parameters);
  }
  const media = inRouterNumbers(ours, parameters);
  const rtx = router.codecs.find(
    (entry) => isRtx(entry) && entry.parameters.apt === ours.preferredPayloadType,
  );
  return rtx ? [media, inRouterNumbers(rtx, rtx.parameters)] : [media];
}

function inRouterNumbers(
  ours: Codecs<RtpCodecCapability>,
  parameters: RtpCodecParameters['parameters'] & object,
): Codecs<RtpCodecParameters> {
  return {
    mimeType: ours.mimeType,
    payloadType: ours.preferredPayloadType as number,
    clockRate: ours.clockRate,
    ...(ours.kind === 'audio' ? { channels: ours.channels ?? 1 } : {}),
    parameters: { ...parameters },
    rtcpFeedback: ours.rtcpFeedback.map((feedback) => ({ ...feedback })),
  };
}

function receiverCodec(
  codec: RtpCodecParameters,
  receiver: ValidCapabilities,
): Codecs<RtpCodecCapability> | undefined {
  return receiver.codecs.find((candidate) => isCompatibleCodec(codec, candidate));
}

// `codec` as the receiver gets it, with its RTX behind it if both sides have one.
function receivedCodecs(
  codec: Codecs<RtpCodecParameters>,
  consumable: ValidParameters,
  receiver: ValidCapabilities,
  enableRtx: boolean,
): Codecs<RtpCodecParameters>[] {
  const theirs = receiverCodec(codec, receiver);
  if (!theirs) return [];
  const media = { ...codec, rtcpFeedback: commonFeedback(codec.rtcpFeedback, theirs.rtcpFeedback) };
  const rtx = consumable.codecs.find(
    (entry) => isRtx(entry) && entry.parameters.apt === codec.payloadType,
  );
  const theyRepair = receiver.codecs.some(
    (entry) => isRtx(entry) && entry.parameters.apt === theirs.preferredPayloadType,
  );
  return enableRtx && rtx && theyRepair ? [media, { ...rtx }] : [media];
}

function commonFeedback(ours: RtcpFeedback[], theirs: RtcpFeedback[]): RtcpFeedback[] {
  return ours.filter(({ type, parameter }) =>
    theirs.some((other) => other.type === type && (other.parameter ?? '') === (parameter ?? '')),
  );
}

// By kind: a receiver that does not read the transport-wide number of sound would seem to lose all of
// it. mediasoup-client lists an extension that audio and video share under one of them only; whoever
// knows better adds the other.
function receivedExtensions(
  consumable: ValidParameters,
  receiver: ValidCapabilities,
): RtpHeaderExtensionParameters[] {
  const kind = kindOf((consumable.codecs[0] as RtpCodecParameters).mimeType);
  return consumable.headerExtensions.filter(({ uri }) =>
    receiver.headerExtensions.some(
      (theirs) =>
        theirs.kind === kind &&
        theirs.uri === uri &&
        ['sendrecv', 'recvonly'].includes(theirs.direction as string),
    ),
  );
}

// One way of estimating bandwidth, the best that the header extensions allow; the other is left
// out, or a receiver would send both. Plain NACK only if there is something to answer it with.
function feedbackRule(
  extensions: RtpHeaderExtensionParameters[],
  enableRtx: boolean,
): (feedback: RtcpFeedback) => boolean {
  const uris = new Set(extensions.map(({ uri }) => uri));
  const hasTransportCc = uris.has(transportCcUri);
  const hasRemb = !hasTransportCc && uris.has(absSendTimeUri);
  return ({ type, parameter }) => {
    if (type === 'transport-cc') return hasTransportCc;
    if (type === 'goog-remb') return hasRemb;
    if (type === 'nack' && !parameter) return enableRtx;
    return true;
  };
}

// The receiver sees one stream, whatever number of encodings the producer sends: the spatial layers
// of its mode are then these encodings.
function combineEncodings(encodings: RtpEncodingParameters[]): RtpEncodingParameters {
  const maxBitrate = encodings.reduce<number | undefined>(
    (most, { maxBitrate: each }) => (each === undefined ? most : Math.max(most ?? 0, each)),
    undefined,
  );
  if (encodings.length <= 1) {
    const [{ dtx, scalabilityMode } = {} as RtpEncodingParameters] = encodings;
    return { dtx, scalabilityMode, maxBitrate };
  }
  const temporalLayers = Math.max(
    ...encodings.map(({ scalabilityMode }) => parseScalabilityMode(scalabilityMode).temporalLayers),
  );
  return { scalabilityMode: `L${encodings.length}T${temporalLayers}`, maxBitrate };
}
