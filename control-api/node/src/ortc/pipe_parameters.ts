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
const ofOneHop = new Set([
  'urn:ietf:params:rtp-hdrext:sdes:mid',
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
  const hasRtx = codecs.some(isRtx);
  const encodings = consumable.encodings.map((encoding, index): RtpEncodingParameters => {
    const ssrc = ssrcs[index] as number;
    return compact({
      ...encoding,
      scaleResolutionDownBy: produced.encodings?.[index]?.scaleResolutionDownBy,
      ssrc,
      rtx: hasRtx ? { ssrc: ssrc + 1 } : undefined,
    });
  });
  return {
    codecs,
    headerExtensions: consumable.headerExtensions.filter(isPassedOn),
    encodings,
    rtcp: { ...consumable.rtcp },
  };
}

function isOfPipes({ type }: RtcpFeedback): boolean {
  return type !== 'transport-cc' && type !== 'goog-remb';
}

function isPassedOn({ uri }: RtpHeaderExtensionParameters): boolean {
  return !ofOneHop.has(uri);
}
