// From the codecs that an application wants to what its router announces.
import { UnsupportedError } from '../errors.js';
import type { RtpCapabilities, RtpCodecCapability } from '../rtp_types.js';
import { getSupportedRtpCapabilities } from '../supported_capabilities.js';
import { isSameCodec } from './codec_match.js';
import { isRtx, validateMediaCodecs, type Codecs } from './validation.js';

// RFC 3551 §3 leaves 96..127 to negotiation. The upper part goes first, so that the lower stays
// free for applications that fix numbers by hand, as most examples on the web do with 96.
const dynamicPayloadTypes = [...range(100, 127), ...range(96, 99)];

/**
 * The capabilities of a router with `mediaCodecs`: payload types filled in, RTX added to every
 * video codec. Throws an UnsupportedError for a codec that the worker cannot forward.
 */
export function generateRouterRtpCapabilities(
  mediaCodecs: unknown = [],
): Required<RtpCapabilities> {
  const wanted = validateMediaCodecs(mediaCodecs).filter((codec) => !isRtx(codec));
  const supported = getSupportedRtpCapabilities();
  const numbers = new PayloadTypes();
  // Numbers that somebody asked for come first, or an automatic one might stand in their way.
  for (const codec of wanted) {
    if (codec.preferredPayloadType !== undefined) numbers.reserve(codec.preferredPayloadType);
  }
  const codecs = wanted.flatMap((codec) => {
    const ours = supported.codecs.find((candidate) => isSameCodec(codec, candidate));
    if (!ours) throw new UnsupportedError(`media codec not supported [${describe(codec)}]`);
    return announce(codec, ours, numbers);
  });
  return { codecs, headerExtensions: supported.headerExtensions };
}

function announce(
  codec: Codecs<RtpCodecCapability>,
  ours: RtpCodecCapability,
  numbers: PayloadTypes,
): RtpCodecCapability[] {
  const preferredPayloadType =
    codec.preferredPayloadType ?? numbers.take(ours.preferredPayloadType);
  const media: RtpCodecCapability = {
    kind: ours.kind,
    mimeType: ours.mimeType,
    preferredPayloadType,
    clockRate: ours.clockRate,
    ...(ours.kind === 'audio' ? { channels: ours.channels ?? 1 } : {}),
    parameters: { ...ours.parameters, ...codec.parameters },
    rtcpFeedback: ours.rtcpFeedback ?? [],
  };
  if (ours.kind === 'audio') return [media];
  const rtx: RtpCodecCapability = {
    kind: 'video',
    mimeType: 'video/rtx',
    preferredPayloadType: numbers.take(),
    clockRate: ours.clockRate,
    parameters: { apt: preferredPayloadType },
    rtcpFeedback: [],
  };
  return [media, rtx];
}

class PayloadTypes {
  readonly #taken = new Set<number>();

  reserve(payloadType: number): void {
    if (this.#taken.has(payloadType)) {
      throw new TypeError(`mediaCodecs: preferredPayloadType ${payloadType} is used twice`);
    }
    this.#taken.add(payloadType);
  }

  take(favourite?: number): number {
    const candidates =
      favourite === undefined ? dynamicPayloadTypes : [favourite, ...dynamicPayloadTypes];
    const free = candidates.find((payloadType) => !this.#taken.has(payloadType));
    if (free === undefined)
      throw new TypeError('mediaCodecs: more codecs than dynamic payload types');
    this.#taken.add(free);
    return free;
  }
}

function describe(codec: RtpCodecCapability): string {
  const channels = codec.kind === 'audio' ? `, channels: ${codec.channels}` : '';
  return `mimeType: ${codec.mimeType}, clockRate: ${codec.clockRate}${channels}`;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
