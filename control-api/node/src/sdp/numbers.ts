// Payload types and header extension ids of one connection. In a bundle a number means one thing
// (RFC 8843 §9.1), whoever offered it first: what the client has named keeps its number, and what
// only the router knows gets one that is free.
import { isCompatibleCodec } from '../ortc/codec_match.js';
import { isRtx } from '../ortc/validation.js';
import type {
  MediaKind,
  RtpCapabilities,
  RtpCodecCapability,
  RtpHeaderExtension,
} from '../rtp_types.js';
import { capabilitiesOf } from './capabilities.js';
import type { SdpSection } from './description.js';

/** RFC 5761 §4: 64 to 95 are RTCP's. RFC 3551 §3: 96 to 127 are dynamic, 35 to 63 unassigned. */
const freePayloadTypes = [...range(96, 127), ...range(35, 63)];
/** RFC 8285 §4.2: those of the one-byte form. */
const freeIds = range(1, 14);

export class Numbers {
  readonly #codecs = new Map<number, RtpCodecCapability>();
  readonly #ids = new Map<number, string>();

  /** Notes what a description of the client calls its codecs and extensions. */
  learn(sections: SdpSection[]): void {
    for (const section of sections) {
      const { codecs, headerExtensions } = capabilitiesOf(section);
      for (const codec of codecs) this.#codecs.set(codec.preferredPayloadType as number, codec);
      for (const { uri, preferredId } of headerExtensions) this.#ids.set(preferredId, uri);
    }
  }

  /** The router's capabilities in the numbers of this connection. */
  capabilities(router: RtpCapabilities): Required<RtpCapabilities> {
    const numbers = new Map<number, number>();
    const codecs = (router.codecs ?? []).flatMap((ours) => {
      const apt = numbers.get(Number(ours.parameters?.['apt']));
      const preferredPayloadType = isRtx(ours)
        ? this.#repair(ours, apt)
        : this.#number(ours, (theirs) => !isRtx(theirs) && isCompatibleCodec(ours, theirs));
      if (preferredPayloadType === undefined) return [];
      numbers.set(ours.preferredPayloadType as number, preferredPayloadType);
      const parameters = isRtx(ours) ? { ...ours.parameters, apt: apt as number } : ours.parameters;
      return [{ ...ours, parameters, preferredPayloadType }];
    });
    return { codecs, headerExtensions: (router.headerExtensions ?? []).flatMap(this.#extension) };
  }

  #repair(ours: RtpCodecCapability, apt: number | undefined): number | undefined {
    if (apt === undefined) return undefined;
    const named = { ...ours, parameters: { ...ours.parameters, apt } };
    return this.#number(named, (theirs) => isRtx(theirs) && theirs.parameters?.['apt'] === apt);
  }

  // The client's number, the router's if it is free, or any that is free.
  #number(
    ours: RtpCodecCapability,
    isSame: (theirs: RtpCodecCapability) => boolean,
  ): number | undefined {
    for (const [payloadType, theirs] of this.#codecs) {
      if (theirs.kind === ours.kind && isSame(theirs)) return payloadType;
    }
    const candidates = [ours.preferredPayloadType as number, ...freePayloadTypes];
    const free = candidates.find((payloadType) => !this.#codecs.has(payloadType));
    if (free !== undefined) this.#codecs.set(free, { ...ours, preferredPayloadType: free });
    return free;
  }

  readonly #extension = (ours: RtpHeaderExtension): RtpHeaderExtension[] => {
    for (const [id, uri] of this.#ids) {
      if (uri === ours.uri) return [{ ...ours, preferredId: id }];
    }
    const free = [ours.preferredId, ...freeIds].find((id) => !this.#ids.has(id));
    if (free === undefined) return [];
    this.#ids.set(free, ours.uri);
    return [{ ...ours, preferredId: free }];
  };
}

/** What of `capabilities` is of a kind, as a receiver states it. */
export function ofKind(capabilities: RtpCapabilities, kind: MediaKind): Required<RtpCapabilities> {
  return {
    codecs: (capabilities.codecs ?? []).filter((codec) => codec.kind === kind),
    headerExtensions: (capabilities.headerExtensions ?? [])
      .filter((extension) => extension.kind === kind)
      // The router's point of view turned round.
      .map((extension) => ({ ...extension, direction: 'sendrecv' as const })),
  };
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
