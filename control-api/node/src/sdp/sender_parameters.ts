// What the sender of a section is going to send, as ORTC's RtpParameters.
import type { MediaKind, RtpEncodingParameters, RtpParameters } from '../rtp_types.js';
import { extensionUris, mediaKind, type AcceptedCodecs } from './capabilities.js';
import type { SdpSection, SdpSimulcast, SdpRid } from './description.js';
import { SdpError } from './sdp_error.js';

/** As many sizes of one picture as the worker takes. */
const maxEncodings = 4;

/** What of a sending section is granted. */
export interface SenderParameters {
  kind: MediaKind;
  rtpParameters: RtpParameters;
  /** The rids that the answer has to grant, in the order of the offer; empty without simulcast. */
  rids: string[];
}

/**
 * Throws an SdpError for a section that cannot be told apart from others, whose `index` it names.
 * `mid` is what the section is called if it has no mid itself.
 */
export function senderParameters(
  section: SdpSection,
  accepted: AcceptedCodecs,
  { mid, index }: { mid: string; index: number },
): SenderParameters {
  const kind = mediaKind(section) as MediaKind;
  const { codecs, headerExtensions } = accepted;
  const has = (uri: string): boolean => headerExtensions.some((extension) => extension.uri === uri);
  const rids = kind === 'video' && has(extensionUris.rid) ? ridsOf(section) : [];
  const encodings =
    rids.length > 0
      ? rids.map((rid) => encodingOf(rid, section))
      : sourcesOf(section, codecs.length > 1);
  if (kind === 'audio' && encodings.length > 1) encodings.length = 1;
  const cname = section.sources.find((source) => source.cname !== undefined)?.cname;
  const named = section.mid ?? mid;
  if (encodings.some(({ ssrc, rid }) => ssrc === 0 && rid === undefined))
    throw new SdpError('ssrc 0 cannot be told from none', { section: index });
  return {
    kind,
    rids: rids.map(({ id }) => id),
    rtpParameters: {
      mid: named,
      codecs,
      headerExtensions: headerExtensions.map(({ id, uri }) => ({
        uri,
        id,
        encrypt: false,
        parameters: {},
      })),
      encodings,
      rtcp: { ...(cname === undefined ? {} : { cname }), reducedSize: section.rtcpReducedSize },
      ...msidOf(section),
    },
  };
}

/** The stream and track of a section, from wherever it tells them. */
export function msidOf({ msids, sources }: SdpSection): { msid?: string } {
  const own = msids[0];
  if (own) return { msid: own.track === undefined ? own.stream : `${own.stream} ${own.track}` };
  const old = sources.find((source) => source.msid !== undefined)?.msid;
  return old === undefined ? {} : { msid: old };
}

// RFC 8853 §5.2: the first alternative of each stream, if it is described.
function ridsOf({ simulcast, rids }: SdpSection): SdpRid[] {
  const streams: SdpSimulcast['send'] = simulcast?.send ?? [];
  const described = streams.flatMap((alternatives) => {
    const known = alternatives
      .map(({ rid }) => rids.find((each) => each.id === rid && each.direction === 'send'))
      .find((rid) => rid !== undefined);
    return known ? [known] : [];
  });
  return [...new Set(described)].slice(0, maxEncodings);
}

function encodingOf({ id, restrictions }: SdpRid, { codecs }: SdpSection): RtpEncodingParameters {
  // RFC 8851 §5: bits per second, pictures per second.
  const maxBitrate = positive(restrictions['max-br']);
  const maxFramerate = positive(restrictions['max-fps']);
  const dtx = codecs.some(({ parameters }) => parameters['usedtx'] === 1);
  return {
    rid: id,
    ...(maxBitrate === undefined ? {} : { maxBitrate }),
    ...(maxFramerate === undefined ? {} : { maxFramerate }),
    ...(dtx ? { dtx } : {}),
  };
}

function positive(text: string | undefined): number | undefined {
  const value = text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}

/**
 * By SSRC. Several sizes are told by SIM; of sources that belong to no group the first is the one,
 * because a section is one track (RFC 8829 §5.2.1).
 */
function sourcesOf(section: SdpSection, hasRtx: boolean): RtpEncodingParameters[] {
  const { sources, sourceGroups } = section;
  const pairs = sourceGroups.filter(
    ({ semantics, ssrcs }) => semantics === 'FID' && ssrcs.length === 2,
  );
  const repairs = new Map(pairs.map(({ ssrcs }) => [ssrcs[0] as number, ssrcs[1] as number]));
  const helpers = new Set(
    sourceGroups
      .filter(({ semantics }) => semantics !== 'SIM')
      .flatMap(({ ssrcs }) => ssrcs.slice(1)),
  );
  const sizes = sourceGroups.find(({ semantics }) => semantics === 'SIM')?.ssrcs ?? [];
  const media = [...new Set(sizes)].slice(0, maxEncodings);
  const [only] = sources.map(({ ssrc }) => ssrc).filter((ssrc) => !helpers.has(ssrc));
  if (media.length === 0 && only !== undefined) media.push(only);
  // Without an SSRC its packets are told by MID or payload type (RFC 8843 §9.2).
  if (media.length === 0) return [{}];
  return media.map((ssrc) => {
    const rtx = hasRtx ? repairs.get(ssrc) : undefined;
    return { ssrc, ...(rtx === undefined || rtx === ssrc ? {} : { rtx: { ssrc: rtx } }) };
  });
}
