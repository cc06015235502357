// Session descriptions (RFC 8866, RFC 8829), as far as a server that speaks SDP needs them of a
// client that bundles everything on one transport: what is written here, and what such a server
// answers.

import { extensionsOf, feedbackOf } from './media.js';

// The discard port (RFC 8840 §4.1.1): the client's candidate is learnt from its first check.
const kDiscardPort = 9;
const kCandidate = `candidate:1 1 udp 2130706431 127.0.0.1 ${kDiscardPort} typ host`;

const kSetup = { client: 'active', server: 'passive' };

// `local` has the ufrag, pwd, fingerprint and DTLS role of the client.
export function writeOffer(tracks, local, twcc) {
  const media = tracks.map((track) => [
    ...[mediaLine(track.kind, payloadTypes(track))],
    ...transportLines(track.mid, local),
    ...[`a=sendonly`, `a=msid:${local.name} ${local.name}-${track.mid}`],
    ...extensionsOf(track.kind, twcc).map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...codecLines(track, feedbackOf(track.kind, twcc)),
    ...sourceLines(track, local.name),
  ]);
  return assemble(
    tracks.map(({ mid }) => mid),
    media,
  );
}

// Accepts everything that `offer`, as read by readSession, wants to send, in its own numbers.
// Without `twcc` neither the extension nor any feedback for a bandwidth estimate is accepted.
export function writeAnswer(offer, local, twcc) {
  const media = offer.media.map((section) => [
    mediaLine(
      section.kind,
      section.codecs.map((codec) => codec.payloadType),
    ),
    ...transportLines(section.mid, local),
    'a=recvonly',
    ...section.extensions
      .filter(({ uri }) => twcc || !uri.includes('transport-wide-cc'))
      .map(({ id, uri }) => `a=extmap:${id} ${uri}`),
    ...section.codecs.flatMap((codec) => answeredCodec(codec, twcc)),
  ]);
  return assemble(
    offer.media.map(({ mid }) => mid),
    media,
  );
}

export function readSession(sdp) {
  const sections = sdp
    .split(/\r?\n(?=m=)/)
    .map((text) => text.split(/\r?\n/).filter((line) => line !== ''));
  const [session, ...media] = sections;
  if (media.length === 0) throw new Error('the session description has no media');
  const either = (name) => valueOf(media[0], name) ?? valueOf(session, name);
  return {
    ...{ ufrag: either('ice-ufrag'), pwd: either('ice-pwd'), fingerprint: either('fingerprint') },
    ...{ setup: either('setup'), candidates: valuesOf(media[0], 'candidate').map(readCandidate) },
    media: media.map(readMedia),
  };
}

function assemble(mids, media) {
  const session = [
    ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    ...[`a=group:BUNDLE ${mids.join(' ')}`, 'a=msid-semantic: WMS *'],
  ];
  return [...session, ...media.flat(), ''].join('\r\n');
}

function payloadTypes({ codec, rtx }) {
  return rtx.length > 0 ? [codec.payloadType, codec.rtxPayloadType] : [codec.payloadType];
}

function mediaLine(kind, numbers) {
  return `m=${kind} ${kDiscardPort} UDP/TLS/RTP/SAVPF ${numbers.join(' ')}`;
}

function transportLines(mid, { ufrag, pwd, fingerprint, role }) {
  return [
    ...['c=IN IP4 127.0.0.1', `a=mid:${mid}`, 'a=rtcp-mux', 'a=rtcp-rsize'],
    ...[`a=ice-ufrag:${ufrag}`, `a=ice-pwd:${pwd}`, `a=${kCandidate}`],
    ...[`a=fingerprint:${fingerprint}`, `a=setup:${kSetup[role]}`],
  ];
}

function codecLines({ codec, rtx }, feedback) {
  const { payloadType, rtxPayloadType, name, clockRate, channels, parameters } = codec;
  const settings = Object.entries(parameters).map(([key, value]) => `${key}=${value}`);
  return [
    `a=rtpmap:${payloadType} ${name}/${clockRate}${channels ? `/${channels}` : ''}`,
    ...(settings.length > 0 ? [`a=fmtp:${payloadType} ${settings.join(';')}`] : []),
    ...feedback.map((type) => `a=rtcp-fb:${payloadType} ${type}`),
    ...(rtx.length > 0
      ? [
          `a=rtpmap:${rtxPayloadType} rtx/${clockRate}`,
          `a=fmtp:${rtxPayloadType} apt=${payloadType}`,
        ]
      : []),
  ];
}

// RFC 5576 §4; SIM is no standard, but what servers read that want SSRCs of simulcast.
function sourceLines({ ssrcs, rtx }, cname) {
  return [
    ...(ssrcs.length > 1 ? [`a=ssrc-group:SIM ${ssrcs.join(' ')}`] : []),
    ...rtx.map((repair, at) => `a=ssrc-group:FID ${ssrcs[at]} ${repair}`),
    ...[...ssrcs, ...rtx].map((ssrc) => `a=ssrc:${ssrc} cname:${cname}`),
  ];
}

function answeredCodec({ payloadType, encoding, format, feedback }, twcc) {
  const wanted = feedback.filter(
    (type) => type !== 'goog-remb' && (twcc || type !== 'transport-cc'),
  );
  return [
    `a=rtpmap:${payloadType} ${encoding}`,
    ...(format ? [`a=fmtp:${payloadType} ${format}`] : []),
    ...wanted.map((type) => `a=rtcp-fb:${payloadType} ${type}`),
  ];
}

function valuesOf(lines, name) {
  return lines
    .filter((line) => line.startsWith(`a=${name}:`))
    .map((line) => line.slice(name.length + 3));
}

function valueOf(lines, name) {
  return valuesOf(lines, name)[0];
}

// RFC 8839 §5.1.
function readCandidate(text) {
  const [, component, transport, , address, port, , type] = text.split(' ');
  return {
    ...{ component: Number(component), transport: transport.toLowerCase() },
    ...{ address, port: Number(port), type },
  };
}

function readMedia(lines) {
  const [, kind, port, payloads] = /^m=(\w+) (\d+) \S+ (.*)$/.exec(lines[0]) ?? [];
  if (!kind) throw new Error(`"${lines[0]}" is no media line`);
  const numbered = (name) => numberedLines(lines, name);
  const [encodings, formats, feedback] = ['rtpmap', 'fmtp', 'rtcp-fb'].map(numbered);
  return {
    ...{ kind, port: Number(port), mid: valueOf(lines, 'mid') },
    codecs: payloads.split(' ').map((payloadType) => ({
      ...{ payloadType: Number(payloadType), encoding: encodings.get(payloadType)?.[0] },
      ...{ format: formats.get(payloadType)?.[0], feedback: feedback.get(payloadType) ?? [] },
    })),
    extensions: valuesOf(lines, 'extmap').map((text) => {
      const [id, uri] = text.split(' ');
      return { id: parseInt(id, 10), uri };
    }),
    ssrcs: [...new Set(valuesOf(lines, 'ssrc').map((text) => Number(text.split(' ')[0])))],
    repairs: repairsOf(lines),
  };
}

// What stands behind the payload type of lines such as "a=fmtp:97 apt=96", by payload type.
function numberedLines(lines, name) {
  const all = new Map();
  for (const text of valuesOf(lines, name)) {
    const at = text.indexOf(' ');
    const payloadType = text.slice(0, at);
    all.set(payloadType, [...(all.get(payloadType) ?? []), text.slice(at + 1)]);
  }
  return all;
}

// From each SSRC to that of its retransmissions.
function repairsOf(lines) {
  const groups = valuesOf(lines, 'ssrc-group').filter((text) => text.startsWith('FID '));
  return new Map(groups.map((text) => text.split(' ').slice(1).map(Number)));
}
