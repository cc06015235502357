// What travels on a pipe: every encoding of a producer in the router's numbers.
import type {
  RtcpFeedback,
  RtpEncodingParameters,
  RtpHeaderExtensionParameters,
  RtpParameters,
} from '../rtp_types.js';
import { compact } from './fields.js';
import { isRtx, type ValidParameters } from './validation.js';

// They are of one hop: which stream a packet belongs to is told by its SSRC, and nobody estimates
// the path of a pipe.
const midUri = 'urn:ietf:params:rtp-hdrext:sdes:mid';
const ofOneHop = new Set([
  midUri,
  'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id',
  'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
]);

export interface PipeOptions {
  enableRtx: boolean;
  /** One for each encoding, with a free one behind it. */
  ssrcs: number[];
}

/** `produced` is what the publisher declared, whose sizes the other end has to know. */
export function getPipeRtpParameters(
  consumable: ValidParameters,
  produced: RtpParameters,
  { enableRtx, ssrcs }: PipeOptions,
): ValidParameters {
  const codecs = consumable.codecs
    .filter((codec) => enableRtx || !isRtx(codec))
    .map((codec) => ({ ...codec, rtcpFeedback: codec.rtcpFeedback.filter(isOfPipes) }));
  return {
    codecs,
    headerExtensions: consumable.headerExtensions.filter(isPassedOn),
    encodings: allEncodings(codecs.some(isRtx), { consumable, produced, ssrcs }),
    rtcp: { ...consumable.rtcp },
  };
}

export interface WholeProducer {
  consumable: ValidParameters;
  /** What the publisher declared. */
  produced: RtpParameters;
  /** One for each encoding, with a free one behind it. */
  ssrcs: number[];
}

/**
 * What a receiver gets that asked for all encodings: its own codecs and extensions, and no MID, which
 * could not tell one encoding from another.
 */
export function withAllEncodings(
  parameters: ValidParameters,
  producer: WholeProducer,
): ValidParameters {
  const { codecs, headerExtensions, rtcp } = parameters;
  return {
    codecs,
    headerExtensions: headerExtensions.filter(({ uri }) => uri !== midUri),
    encodings: allEncodings(codecs.some(isRtx), producer),
    rtcp,
  };
}

function allEncodings(
  hasRtx: boolean,
  { consumable, produced, ssrcs }: WholeProducer,
): RtpEncodingParameters[] {
  return consumable.encodings.map((encoding, index): RtpEncodingParameters => {
    const ssrc = ssrcs[index] as number;
    return compact({
      ...encoding,
      scaleResolutionDownBy: produced.encodings?.[index]?.scaleResolutionDownBy,
      ssrc,
      rtx: hasRtx ? { ssrc: ssrc + 1 } : undefined,
    });
  });
}

function isOfPipes({ type }: RtcpFeedback): boolean {
  return type !== 'transport-cc' && type !== 'goog-remb';
}

function isPassedOn({ uri }: RtpHeaderExtensionParameters): boolean {
  return !ofOneHop.has(uri);
}
