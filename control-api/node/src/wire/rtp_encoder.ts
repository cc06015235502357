// RtpParameters of JavaScript into those of the schema.
import type { Builder, Offset } from 'flatbuffers';

import {
  MediaKind as WireMediaKind,
  ParameterT,
  PayloadTypeMappingT,
  RtcpFeedbackT,
  RtcpParametersT,
  RtpCodecParametersT,
  RtpEncodingParameters as WireEncoding,
  RtpEncodingParametersT,
  RtpHeaderExtensionParametersT,
  RtpParametersT,
} from '../generated/schema.js';
import type {
  CodecParameters,
  MediaKind,
  RtcpFeedback,
  RtpMapping,
  RtpParameters,
} from '../rtp_types.js';

export function encodeKind(kind: MediaKind): WireMediaKind {
  return kind === 'audio' ? WireMediaKind.Audio : WireMediaKind.Video;
}

export function encodeRtpParameters(parameters: RtpParameters): RtpParametersT {
  return new RtpParametersT(
    parameters.mid ?? null,
    parameters.codecs.map(
      (codec) =>
        new RtpCodecParametersT(
          codec.mimeType,
          codec.payloadType,
          codec.clockRate,
          codec.channels ?? 1,
          encodeParameters(codec.parameters ?? {}),
          encodeFeedback(codec.rtcpFeedback ?? []),
        ),
    ),
    (parameters.headerExtensions ?? []).map(
      ({ uri, id }) => new RtpHeaderExtensionParametersT(uri, id),
    ),
    (parameters.encodings ?? []).map(
      (encoding) =>
        new EncodingT(
          encoding.ssrc ?? null,
          encoding.rid ?? null,
          encoding.rtx?.ssrc ?? null,
          encoding.codecPayloadType ?? null,
          encoding.dtx ?? false,
          encoding.scalabilityMode ?? null,
          encoding.maxBitrate ?? 0,
          encoding.scaleResolutionDownBy ?? 0,
        ),
    ),
    new RtcpParametersT(parameters.rtcp?.cname ?? null, parameters.rtcp?.reducedSize ?? true),
  );
}

export function encodeMapping(mapping: RtpMapping): PayloadTypeMappingT[] {
  return mapping.codecs.map(
    ({ payloadType, mappedPayloadType }) => new PayloadTypeMappingT(payloadType, mappedPayloadType),
  );
}

function encodeParameters(parameters: CodecParameters): ParameterT[] {
  return Object.entries(parameters).map(([name, value]) => new ParameterT(name, String(value)));
}

function encodeFeedback(feedback: RtcpFeedback[]): RtcpFeedbackT[] {
  return feedback.map(({ type, parameter }) => new RtcpFeedbackT(type, parameter ?? ''));
}

// The code of flatc 2.0.8 leaves out numbers that are zero, even where the schema tells zero from
// nothing: payload type 0 (PCMU) would arrive as "not given". Hence this packs the fields itself.
class EncodingT extends RtpEncodingParametersT {
  override pack(builder: Builder): Offset {
    const rid = this.rid === null ? 0 : builder.createString(this.rid);
    const scalabilityMode =
      this.scalabilityMode === null ? 0 : builder.createString(this.scalabilityMode);
    WireEncoding.startRtpEncodingParameters(builder);
    builder.forceDefaults(true);
    if (this.ssrc !== null) WireEncoding.addSsrc(builder, this.ssrc);
    if (this.rtxSsrc !== null) WireEncoding.addRtxSsrc(builder, this.rtxSsrc);
    if (this.codecPayloadType !== null)
      WireEncoding.addCodecPayloadType(builder, this.codecPayloadType);
    builder.forceDefaults(false);
    WireEncoding.addRid(builder, rid);
    WireEncoding.addDtx(builder, this.dtx);
    WireEncoding.addScalabilityMode(builder, scalabilityMode);
    WireEncoding.addMaxBitrate(builder, this.maxBitrate);
    WireEncoding.addScaleResolutionDownBy(builder, this.scaleResolutionDownBy);
    return WireEncoding.endRtpEncodingParameters(builder);
  }
}
