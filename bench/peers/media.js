// What the clients of bench/load send, the same for every peer: codecs, numbers and header
// extensions, and the tracks of one request.

// By the name in a request.
export const codecs = {
  opus: {
    ...{ kind: 'audio', name: 'opus', payloadType: 111, clockRate: 48000, channels: 2 },
    parameters: { minptime: 10, useinbandfec: 1 },
  },
  vp8: { ...video('VP8', 96), parameters: {} },
  vp9: { ...video('VP9', 98), parameters: { 'profile-id': 0 } },
  h264: {
    ...video('H264', 102),
    parameters: {
      'level-asymmetry-allowed': 1,
      'packetization-mode': 1,
      'profile-level-id': '42e01f',
    },
  },
  av1: { ...video('AV1', 45), parameters: {} },
};

function video(name, payloadType) {
  return { kind: 'video', name, payloadType, rtxPayloadType: payloadType + 1, clockRate: 90000 };
}

const kIetf = 'urn:ietf:params:rtp-hdrext:';
export const kTransportSequence =
  'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01';

// The ids are those of RFC 8285, `kinds` the media that carry the extension.
export const extensions = [
  { id: 1, uri: `${kIetf}ssrc-audio-level`, kinds: ['audio'] },
  { id: 2, uri: 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time' },
  { id: 3, uri: kTransportSequence },
  { id: 4, uri: `${kIetf}sdes:mid` },
  { id: 10, uri: `${kIetf}sdes:rtp-stream-id`, kinds: ['video'] },
  { id: 11, uri: `${kIetf}sdes:repaired-rtp-stream-id`, kinds: ['video'] },
  {
    id: 13,
    uri: 'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
    kinds: ['video'],
  },
];

export function extensionsOf(kind, twcc) {
  return extensions.filter(
    ({ uri, kinds }) => (!kinds || kinds.includes(kind)) && (twcc || uri !== kTransportSequence),
  );
}

// RTCP feedback as SDP writes it (RFC 4585 §4.2).
export function feedbackOf(kind, twcc) {
  const estimate = twcc ? 'transport-cc' : 'goog-remb';
  if (kind === 'audio') return twcc ? [estimate] : [];
  return ['nack', 'nack pli', 'ccm fir', estimate];
}

// The tracks of a "send": one list entry each, simulcast SSRCs between slashes, lowest first, no
// retransmission SSRCs where there are none. `modes` is optional: the scalability mode of an SVC
// stream, for servers that choose layers only in what is announced as such.
export function tracksOf(request) {
  const names = request.list('codecs');
  const lists = {
    kinds: request.list('kinds'),
    ssrcs: request.list('ssrcs'),
    mids: request.list('mids'),
    rtx: request.textOr('rtx', ',').split(','),
    modes: request.textOr('modes', ',').split(','),
  };
  return names.map((name, at) => {
    const codec = codecs[name];
    if (!codec) throw new Error(`send: there is no codec ${name}`);
    if (codec.kind !== lists.kinds[at]) {
      throw new Error(`send: ${name} is not of kind ${lists.kinds[at]}`);
    }
    const track = {
      ...{ codec, kind: codec.kind, mid: lists.mids[at], mode: lists.modes[at] || undefined },
      ssrcs: numbers(lists.ssrcs[at]),
      rtx: numbers(lists.rtx[at]),
    };
    return checked(track, name);
  });
}

function numbers(text) {
  return text ? text.split('/').map(Number) : [];
}

function checked(track, name) {
  if (!track.mid) throw new Error(`send: mids names none for ${name}`);
  if (track.ssrcs.length === 0 || ![...track.ssrcs, ...track.rtx].every(isSsrc)) {
    throw new Error(`send: ssrcs or rtx holds no SSRC for ${name}`);
  }
  if (track.rtx.length !== 0 && track.rtx.length !== track.ssrcs.length) {
    throw new Error(`send: rtx and ssrcs of ${name} differ in number`);
  }
  return track;
}

function isSsrc(value) {
  return Number.isInteger(value) && value > 0 && value < 2 ** 32;
}

// The simulcast layer that each named sender of a "receive" is wanted in: one for all, or one each.
// Nobody named means a transport with nothing on it.
export function sendersOf(request) {
  const layers = request.textOr('layer', 'max').split(',');
  const wrong = layers.find((layer) => layer !== 'low' && layer !== 'max');
  if (wrong !== undefined) throw new Error(`receive: layer=${wrong} is neither low nor max`);
  const names = request.textOr('from', '');
  if (names === '') return [];
  return names
    .split(',')
    .map((name, at) => ({ name, layer: layers[Math.min(at, layers.length - 1)] }));
}

// One entry of `streams` in the answer to a "receive".
export function describeStream({ ssrc, rtxSsrc, payloadType, rtxPayloadType, kind, sender }) {
  return [ssrc, rtxSsrc ?? '', payloadType, rtxPayloadType ?? '', kind, sender].join('/');
}
