// Offers as publishers and viewers in the field make them, down to what they leave out.

const kFingerprint = `sha-256 ${Array(32).fill('0A').join(':')}`;
export const kOfferUfrag = 'ufragOfClient';
export const kOfferPwd = 'passwordOfTheClient1234';

interface Media {
  kind: 'audio' | 'video';
  mid: string;
  codecs: string[];
  direction: string;
  lines?: string[];
}

export interface OfferStyle {
  setup?: 'actpass' | 'active' | 'passive';
  bundle?: boolean;
  candidates?: string[];
}

const kCandidate = 'candidate:1 1 UDP 2122317823 192.0.2.1 50000 typ host';

export function offerOf(media: Media[], style: OfferStyle = {}): string {
  const { setup = 'actpass', bundle = true, candidates = [kCandidate] } = style;
  const session = [
    ...['v=0', 'o=- 1234 1 IN IP4 127.0.0.1', 's=-', 't=0 0'],
    ...(bundle ? [`a=group:BUNDLE ${media.map(({ mid }) => mid).join(' ')}`] : []),
  ];
  const sections = media.flatMap(({ kind, mid, codecs, direction, lines = [] }) => [
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${codecs.map((codec) => codec.split(' ')[0]).join(' ')}`,
    ...['c=IN IP4 0.0.0.0', `a=mid:${mid}`, `a=${direction}`, 'a=rtcp-mux', `a=setup:${setup}`],
    ...[`a=ice-ufrag:${kOfferUfrag}`, `a=ice-pwd:${kOfferPwd}`, `a=fingerprint:${kFingerprint}`],
    ...codecs.map((codec) => `a=rtpmap:${codec}`),
    ...lines,
    ...candidates.map((candidate) => `a=${candidate}`),
  ]);
  return [...session, ...sections].map((line) => `${line}\r\n`).join('');
}

export const kH264 =
  'a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1';

// libdatachannel: sizes by rid, retransmissions in the stream itself, feedback of few kinds.
export function obsOffer(rids: string[] = []): string {
  const simulcast = [
    ...rids.map((rid) => `a=rid:${rid} send`),
    ...(rids.length > 0 ? [`a=simulcast:send ${rids.join(';')}`] : []),
  ];
  const extensions = [
    'a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id',
  ];
  return offerOf([
    {
      ...{ kind: 'audio', mid: '0', codecs: ['111 opus/48000/2'], direction: 'sendonly' },
      lines: ['a=fmtp:111 minptime=10;useinbandfec=1;stereo=1', 'a=ssrc:1001 cname:obs'],
    },
    {
      ...{ kind: 'video', mid: '1', codecs: ['96 H264/90000'], direction: 'sendonly' },
      lines: [
        ...[kH264, 'a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli', ...extensions, ...simulcast],
        ...(rids.length > 0 ? [] : ['a=ssrc:1002 cname:obs', 'a=msid:obs video']),
      ],
    },
  ]);
}

// It waits for the handshake and knows neither MID nor retransmissions.
export function ffmpegOffer(): string {
  const media: Media[] = [
    {
      ...{ kind: 'audio', mid: '0', codecs: ['111 OPUS/48000/2'], direction: 'sendonly' },
      lines: ['a=ssrc:2001 cname:ff', 'a=ssrc:2001 msid:ff audio'],
    },
    {
      ...{ kind: 'video', mid: '1', codecs: ['106 H264/90000'], direction: 'sendonly' },
      lines: [kH264.replace('96', '106'), 'a=ssrc:2002 cname:ff', 'a=ssrc:2002 msid:ff video'],
    },
  ];
  return offerOf(media, { setup: 'passive', candidates: [] });
}

export function viewerOffer(codec = '96 VP8/90000', lines: string[] = []): string {
  const direction = 'recvonly';
  return offerOf([
    { kind: 'audio', mid: 'a', codecs: ['109 opus/48000/2'], direction },
    { kind: 'video', mid: 'v', codecs: [codec], direction, lines },
  ]);
}
