// Writes session descriptions in the order that JSEP gives (RFC 8829 §5.2.1, §5.3.1).
import { writeCandidate } from './candidate.js';
import {
  isStopped,
  type SdpCodec,
  type SdpSection,
  type SdpSimulcast,
  type SessionDescription,
} from './description.js';

/** The text of a description, with CR LF behind every line. */
export function stringifySdp(description: SessionDescription): string {
  const { origin, name, iceLite, iceOptions, groups, sections } = description;
  // RFC 8285 §6: for all at once, or in each section of media.
  const mixed = sections.length > 0 && sections.every((section) => section.extmapAllowMixed);
  const lines = [
    'v=0',
    `o=${origin.username} ${origin.sessionId} ${origin.sessionVersion} ${address(origin.address)}`,
    `s=${name === '' ? '-' : name}`,
    't=0 0',
    ...(iceLite ? ['a=ice-lite'] : []),
    ...(iceOptions.length > 0 ? [`a=ice-options:${iceOptions.join(' ')}`] : []),
    ...(mixed ? ['a=extmap-allow-mixed'] : []),
    ...groups.map(({ semantics, mids }) => `a=group:${[semantics, ...mids].join(' ')}`),
    ...(sections.some(({ msids }) => msids.length > 0) ? ['a=msid-semantic: WMS *'] : []),
    ...sections.flatMap((section) => writeSection(section, mixed)),
  ];
  return textOf(lines);
}

/** With CR LF behind every line. What comes from elsewhere cannot begin a line of its own. */
export function textOf(lines: string[]): string {
  return lines.map((line) => `${line.replace(/[\r\n]+/g, ' ')}\r\n`).join('');
}

/** rtpmap, rtcp-fb and fmtp of a codec; in the order of names, so that what is the same reads the same. */
export function writeCodec(codec: SdpCodec): string[] {
  const { payloadType, name, clockRate, channels, parameters, rtcpFeedback } = codec;
  const format = Object.entries(parameters)
    .map(([parameter, value]) => (value === '' ? parameter : `${parameter}=${value}`))
    .sort();
  return [
    `a=rtpmap:${payloadType} ${name}/${clockRate}${(channels ?? 1) > 1 ? `/${channels}` : ''}`,
    ...rtcpFeedback.map(
      ({ type, parameter }) =>
        `a=rtcp-fb:${payloadType} ${type}${parameter ? ` ${parameter}` : ''}`,
    ),
    ...(format.length > 0 ? [`a=fmtp:${payloadType} ${format.join(';')}`] : []),
  ];
}

function writeSection(section: SdpSection, mixed: boolean): string[] {
  const { kind, port, protocol, formats, mid } = section;
  const head = [
    `m=${kind} ${port} ${protocol} ${formats.join(' ') || '0'}`,
    `c=${address(defaultAddress(section))}`,
  ];
  if (isStopped(section))
    return [
      ...head.slice(0, 1),
      `c=${address('0.0.0.0')}`,
      ...(mid ? [`a=mid:${mid}`] : []),
      'a=inactive',
    ];
  const media = kind === 'audio' || kind === 'video';
  return [
    ...head,
    // RFC 5761 §5.1.1: with rtcp-mux the port is that of RTP.
    ...(media ? [`a=rtcp:${port} ${address(defaultAddress(section))}`] : []),
    ...writeTransport(section),
    ...(mid === undefined ? [] : [`a=mid:${mid}`]),
    ...(media ? writeMedia(section, mixed) : writeData(section)),
  ];
}

function writeTransport(section: SdpSection): string[] {
  const { ice, iceOptions, fingerprints, setup, candidates, endOfCandidates } = section;
  return [
    ...candidates.map((candidate) => `a=${writeCandidate(candidate)}`),
    ...(endOfCandidates ? ['a=end-of-candidates'] : []),
    ...(section.bundleOnly ? ['a=bundle-only'] : []),
    ...(ice ? [`a=ice-ufrag:${ice.usernameFragment}`, `a=ice-pwd:${ice.password}`] : []),
    ...(iceOptions.length > 0 ? [`a=ice-options:${iceOptions.join(' ')}`] : []),
    ...fingerprints.map(({ algorithm, value }) => `a=fingerprint:${algorithm} ${value}`),
    ...(setup ? [`a=setup:${setup}`] : []),
  ];
}

function writeMedia(section: SdpSection, mixed: boolean): string[] {
  const { direction, headerExtensions, msids, codecs, rids, simulcast } = section;
  return [
    ...(section.extmapAllowMixed && !mixed ? ['a=extmap-allow-mixed'] : []),
    ...headerExtensions.map(
      (extension) =>
        `a=extmap:${extension.id}${extension.direction ? `/${extension.direction}` : ''} ${extension.uri}`,
    ),
    `a=${direction}`,
    ...msids.map(
      ({ stream, track }) => `a=msid:${stream}${track === undefined ? '' : ` ${track}`}`,
    ),
    ...(section.rtcpMux ? ['a=rtcp-mux'] : []),
    ...(section.rtcpMuxOnly ? ['a=rtcp-mux-only'] : []),
    ...(section.rtcpReducedSize ? ['a=rtcp-rsize'] : []),
    ...codecs.flatMap(writeCodec),
    ...writeSources(section),
    ...rids.map(({ id, direction: way, restrictions }) => {
      const list = Object.entries(restrictions)
        .map(([name, value]) => `${name}=${value}`)
        .sort();
      return `a=rid:${id} ${way}${list.length > 0 ? ` ${list.join(';')}` : ''}`;
    }),
    ...(simulcast ? writeSimulcast(simulcast) : []),
  ];
}

/** Of the streams that are known by their SSRC (RFC 5576 §4). */
export function writeSources({
  sources,
  sourceGroups,
}: Pick<SdpSection, 'sources' | 'sourceGroups'>): string[] {
  return [
    ...sourceGroups.map(
      ({ semantics, ssrcs }) => `a=ssrc-group:${[semantics, ...ssrcs].join(' ')}`,
    ),
    ...sources.flatMap(({ ssrc, cname, msid }) => [
      `a=ssrc:${ssrc} cname:${cname ?? '-'}`,
      ...(msid === undefined ? [] : [`a=ssrc:${ssrc} msid:${msid}`]),
    ]),
  ];
}

function writeSimulcast({ send, recv }: SdpSimulcast): string[] {
  const parts = Object.entries({ send, recv }).flatMap(([way, streams]) => {
    const list = streams.map((alternatives) =>
      alternatives.map(({ rid, paused }) => `${paused ? '~' : ''}${rid}`).join(','),
    );
    return list.length > 0 ? [way, list.join(';')] : [];
  });
  return parts.length > 0 ? [`a=simulcast:${parts.join(' ')}`] : [];
}

function writeData({ sctpPort, maxMessageSize }: SdpSection): string[] {
  return [
    ...(sctpPort === undefined ? [] : [`a=sctp-port:${sctpPort}`]),
    ...(maxMessageSize === undefined ? [] : [`a=max-message-size:${maxMessageSize}`]),
  ];
}

// RFC 8839 §4.2.1.2: that of the candidate whose port the m-line has.
function defaultAddress({ candidates, port }: SdpSection): string {
  const named = candidates.find(
    (candidate) => candidate.port === port && candidate.protocol === 'udp',
  );
  return named?.address ?? '0.0.0.0';
}

/** What stands in o=, c= and a=rtcp (RFC 8866 §5.7). */
export function address(ip: string): string {
  return `IN ${ip.includes(':') ? 'IP6' : 'IP4'} ${ip}`;
}
