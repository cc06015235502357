// Validation of ORTC dictionaries. Each function returns a clean copy, with defaults filled in and
// unknown fields left out; the caller's object is not touched. Bounds are those of the worker
// (control-api/request_shape.h), told here with the caller's own field names.
import type {
  CodecParameters,
  MediaKind,
  RtcpFeedback,
  RtcpParameters,
  RtpCapabilities,
  RtpCodecCapability,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtension,
  RtpHeaderExtensionParameters,
  RtpParameters,
} from '../rtp_types.js';
import {
  asBoolean,
  asDictionary,
  asInteger,
  asList,
  asName,
  asNumber,
  asOneOf,
  asText,
  compact,
  optional,
} from './fields.js';

const maxCodecs = 64;
const maxParameters = 32;
const maxFeedback = 32;
const maxHeaderExtensions = 64;
const maxEncodings = 16;
const maxUint32 = 0xffffffff;
const mimePattern = /^(audio|video)\/(.+)$/i;

export type Codecs<Codec> = Codec & { parameters: CodecParameters; rtcpFeedback: RtcpFeedback[] };
export interface ValidCapabilities extends RtpCapabilities {
  codecs: Codecs<RtpCodecCapability>[];
  headerExtensions: RtpHeaderExtension[];
}
export interface ValidParameters extends RtpParameters {
  codecs: Codecs<RtpCodecParameters>[];
  headerExtensions: RtpHeaderExtensionParameters[];
  encodings: RtpEncodingParameters[];
  rtcp: RtcpParameters;
}

export function validateRtpCapabilities(
  value: unknown,
  where = 'rtpCapabilities',
): ValidCapabilities {
  const capabilities = asDictionary(value, where) as RtpCapabilities;
  return {
    codecs: asList(capabilities.codecs, `${where}.codecs`, maxCodecs, validateCodecCapability),
    headerExtensions: asList(
      capabilities.headerExtensions,
      `${where}.headerExtensions`,
      maxHeaderExtensions,
      validateHeaderExtension,
    ),
  };
}

export function validateMediaCodecs(
  value: unknown,
  where = 'mediaCodecs',
): Codecs<RtpCodecCapability>[] {
  return asList(value, where, maxCodecs, validateCodecCapability);
}

export function validateCodecCapability(value: unknown, where: string): Codecs<RtpCodecCapability> {
  const codec = asDictionary(value, where);
  const mimeType = validateMimeType(codec.mimeType, `${where}.mimeType`);
  // The kind is in the MIME type; a dictionary that says otherwise is not worth refusing.
  const kind = kindOf(mimeType);
  return compact({
    kind,
    mimeType,
    preferredPayloadType: optional(
      codec.preferredPayloadType,
      `${where}.preferredPayloadType`,
      asPayloadType,
    ),
    clockRate: asInteger(codec.clockRate, `${where}.clockRate`, 1, maxUint32),
    channels: validateChannels(kind, codec.channels, `${where}.channels`),
    parameters: validateParameters(codec.parameters, `${where}.parameters`),
    rtcpFeedback: asList(
      codec.rtcpFeedback,
      `${where}.rtcpFeedback`,
      maxFeedback,
      validateFeedback,
    ),
  });
}

export function validateRtpParameters(value: unknown, where = 'rtpParameters'): ValidParameters {
  const parameters = asDictionary(value, where);
  const codecs = asList(parameters.codecs, `${where}.codecs`, maxCodecs, validateCodecParameters);
  if (codecs.length === 0) throw new TypeError(`${where}.codecs is missing or empty`);
  return compact({
    mid: optional(parameters.mid, `${where}.mid`, asName),
    codecs,
    headerExtensions: asList(
      parameters.headerExtensions,
      `${where}.headerExtensions`,
      maxHeaderExtensions,
      validateHeaderExtensionParameters,
    ),
    encodings: asList(parameters.encodings, `${where}.encodings`, maxEncodings, validateEncoding),
    rtcp: validateRtcp(parameters.rtcp ?? {}, `${where}.rtcp`),
    msid: optional(parameters.msid, `${where}.msid`, asText),
  });
}

export function kindOf(mimeType: string): MediaKind {
  return mimeType.toLowerCase().startsWith('audio/') ? 'audio' : 'video';
}

export function isRtx(codec: { mimeType: string }): boolean {
  return /^(audio|video)\/rtx$/i.test(codec.mimeType);
}

function validateCodecParameters(value: unknown, where: string): Codecs<RtpCodecParameters> {
  const codec = asDictionary(value, where);
  const mimeType = validateMimeType(codec.mimeType, `${where}.mimeType`);
  return compact({
    mimeType,
    payloadType: asPayloadType(codec.payloadType, `${where}.payloadType`),
    clockRate: asInteger(codec.clockRate, `${where}.clockRate`, 1, maxUint32),
    channels: validateChannels(kindOf(mimeType), codec.channels, `${where}.channels`),
    parameters: validateParameters(codec.parameters, `${where}.parameters`),
    rtcpFeedback: asList(
      codec.rtcpFeedback,
      `${where}.rtcpFeedback`,
      maxFeedback,
      validateFeedback,
    ),
  });
}

function validateMimeType(value: unknown, where: string): string {
  const mimeType = asText(value, where);
  if (!mimePattern.test(mimeType))
    throw new TypeError(`${where} is not like audio/NAME or video/NAME`);
  return mimeType;
}

function validateChannels(kind: MediaKind, value: unknown, where: string): number | undefined {
  if (kind === 'video') return undefined;
  return optional(value, where, (channels) => asInteger(channels, where, 1, 255)) ?? 1;
}

function validateParameters(value: unknown, where: string): CodecParameters {
  const entries = Object.entries(asDictionary(value ?? {}, where));
  if (entries.length > maxParameters)
    throw new TypeError(`${where} has more than ${maxParameters} entries`);
  const parameters: CodecParameters = {};
  for (const [name, entry] of entries) {
    const place = `${where}.${name}`;
    // RFC 4588 §8.1: the payload type that is repeated.
    if (name === 'apt') parameters[name] = asPayloadType(entry, place);
    else if (typeof entry === 'number') parameters[name] = asNumber(entry, place);
    else if (typeof entry === 'string') parameters[name] = asText(entry, place);
    else if (entry === undefined || entry === null) parameters[name] = '';
    else throw new TypeError(`${place} is neither a string nor a number`);
  }
  return parameters;
}

function validateFeedback(value: unknown, where: string): RtcpFeedback {
  const feedback = asDictionary(value, where);
  return {
    type: asName(feedback.type, `${where}.type`),
    parameter: optional(feedback.parameter, `${where}.parameter`, asText) ?? '',
  };
}

function validateHeaderExtension(value: unknown, where: string): RtpHeaderExtension {
  const extension = asDictionary(value, where);
  const directions = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] as const;
  return {
    kind: asOneOf(extension.kind, `${where}.kind`, ['audio', 'video'] as const),
    uri: asName(extension.uri, `${where}.uri`),
    preferredId: asExtensionId(extension.preferredId, `${where}.preferredId`),
    preferredEncrypt:
      optional(extension.preferredEncrypt, `${where}.preferredEncrypt`, asBoolean) ?? false,
    direction:
      optional(extension.direction, `${where}.direction`, (direction, place) =>
        asOneOf(direction, place, directions),
      ) ?? 'sendrecv',
  };
}

function validateHeaderExtensionParameters(
  value: unknown,
  where: string,
): RtpHeaderExtensionParameters {
  const extension = asDictionary(value, where);
  return {
    uri: asName(extension.uri, `${where}.uri`),
    id: asExtensionId(extension.id, `${where}.id`),
    encrypt: optional(extension.encrypt, `${where}.encrypt`, asBoolean) ?? false,
    parameters: validateParameters(extension.parameters, `${where}.parameters`),
  };
}

function validateEncoding(value: unknown, where: string): RtpEncodingParameters {
  const encoding = asDictionary(value, where);
  return compact({
    ssrc: optional(encoding.ssrc, `${where}.ssrc`, asSsrc),
    rid: optional(encoding.rid, `${where}.rid`, asName),
    codecPayloadType: optional(
      encoding.codecPayloadType,
      `${where}.codecPayloadType`,
      asPayloadType,
    ),
    rtx: optional(encoding.rtx, `${where}.rtx`, (rtx, place) => ({
      ssrc: asSsrc(asDictionary(rtx, place).ssrc, `${place}.ssrc`),
    })),
    dtx: optional(encoding.dtx, `${where}.dtx`, asBoolean),
    scalabilityMode: optional(encoding.scalabilityMode, `${where}.scalabilityMode`, asText),
    maxBitrate: optional(encoding.maxBitrate, `${where}.maxBitrate`, (bitrate, place) =>
      Math.round(Math.min(Math.max(asNumber(bitrate, place), 0), maxUint32)),
    ),
    maxFramerate: optional(encoding.maxFramerate, `${where}.maxFramerate`, asNumber),
    adaptivePtime: optional(encoding.adaptivePtime, `${where}.adaptivePtime`, asBoolean),
    scaleResolutionDownBy: optional(
      encoding.scaleResolutionDownBy,
      `${where}.scaleResolutionDownBy`,
      asScale,
    ),
  });
}

function validateRtcp(value: unknown, where: string): RtcpParameters {
  const rtcp = asDictionary(value, where);
  return compact({
    cname: optional(rtcp.cname, `${where}.cname`, asText),
    reducedSize: optional(rtcp.reducedSize, `${where}.reducedSize`, asBoolean) ?? true,
  });
}

// RFC 3550 §5.1: seven bits.
function asPayloadType(value: unknown, where: string): number {
  return asInteger(value, where, 0, 127);
}

// RFC 8285 §4.3: one byte, and zero is padding.
function asExtensionId(value: unknown, where: string): number {
  return asInteger(value, where, 1, 255);
}

function asSsrc(value: unknown, where: string): number {
  return asInteger(value, where, 0, maxUint32);
}

// W3C WebRTC §5.2: an encoding may be smaller than its source, never larger.
function asScale(value: unknown, where: string): number {
  const scale = asNumber(value, where);
  if (scale < 1) throw new TypeError(`${where} is less than 1`);
  return scale;
}
