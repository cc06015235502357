// What the worker can forward, and the numbers that routers prefer for it.
import type {
  CodecParameters,
  MediaKind,
  RtcpFeedback,
  RtpCapabilities,
  RtpCodecCapability,
  RtpHeaderExtension,
  RtpHeaderExtensionDirection,
} from './rtp_types.js';

const transportCc: RtcpFeedback = { type: 'transport-cc', parameter: '' };
const nack: RtcpFeedback = { type: 'nack', parameter: '' };
const videoFeedback: RtcpFeedback[] = [
  nack,
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'goog-remb', parameter: '' },
  transportCc,
];

const codecs: RtpCodecCapability[] = [
  audio('opus', 48000, 2, [nack, transportCc]),
  // Surround sound of Chromium: stream counts and the order of the loudspeakers.
  multiopus(4, '0,1,2,3', 2, 2),
  multiopus(6, '0,4,1,2,3,5', 4, 2),
  multiopus(8, '0,6,1,2,3,4,5,7', 5, 3),
  // RFC 3551 §6 fixes these payload types.
  staticAudio('PCMU', 8000, 0, [transportCc]),
  staticAudio('PCMA', 8000, 8, [transportCc]),
  staticAudio('G722', 8000, 9, [transportCc]),
  // RFC 3389 §4 fixes 13, for 8 kHz only.
  audio('CN', 32000, 1, []),
  audio('CN', 16000, 1, []),
  staticAudio('CN', 8000, 13, []),
  ...[48000, 32000, 16000, 8000].map((clockRate) => audio('telephone-event', clockRate, 1, [])),
  video('VP8'),
  video('VP9'),
  video('H264', { 'level-asymmetry-allowed': 1 }),
  video('H265'),
  video('AV1'),
];

const headerExtensions: RtpHeaderExtension[] = [
  ...extension(1, 'urn:ietf:params:rtp-hdrext:sdes:mid', 'sendrecv', 'sendrecv'),
  ...extension(2, 'urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id', undefined, 'recvonly'),
  ...extension(3, 'urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id', undefined, 'recvonly'),
  ...extension(
    4,
    'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time',
    'sendrecv',
    'sendrecv',
  ),
  // Sound counts as well: it goes on when a path is too narrow for any picture, and tells of it.
  ...extension(
    5,
    'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
    'sendrecv',
    'sendrecv',
  ),
  ...extension(6, 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', 'sendrecv', undefined),
  // Receivers get it as well, rewritten: what is sent to them can then be told apart by layers even
  // if its payload is encrypted from end to end.
  ...extension(
    7,
    'https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension',
    undefined,
    'sendrecv',
  ),
  ...extension(8, 'urn:3gpp:video-orientation', undefined, 'sendrecv'),
  ...extension(9, 'urn:ietf:params:rtp-hdrext:toffset', undefined, 'sendrecv'),
  ...extension(
    10,
    'http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time',
    'sendrecv',
    'sendrecv',
  ),
  ...extension(
    11,
    'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay',
    'sendrecv',
    'sendrecv',
  ),
];

/** A fresh copy of everything that a router can be asked for. */
export function getSupportedRtpCapabilities(): Required<RtpCapabilities> {
  return structuredClone({ codecs, headerExtensions });
}

function audio(
  name: string,
  clockRate: number,
  channels: number,
  rtcpFeedback: RtcpFeedback[],
): RtpCodecCapability {
  return {
    kind: 'audio',
    mimeType: `audio/${name}`,
    clockRate,
    channels,
    parameters: {},
    rtcpFeedback,
  };
}

function staticAudio(
  name: string,
  clockRate: number,
  preferredPayloadType: number,
  rtcpFeedback: RtcpFeedback[],
): RtpCodecCapability {
  return { ...audio(name, clockRate, 1, rtcpFeedback), preferredPayloadType };
}

function multiopus(
  channels: number,
  mapping: string,
  streams: number,
  coupled: number,
): RtpCodecCapability {
  return {
    ...audio('multiopus', 48000, channels, [nack, transportCc]),
    parameters: { channel_mapping: mapping, num_streams: streams, coupled_streams: coupled },
  };
}

function video(name: string, parameters: CodecParameters = {}): RtpCodecCapability {
  return {
    kind: 'video',
    mimeType: `video/${name}`,
    clockRate: 90000,
    parameters,
    rtcpFeedback: videoFeedback,
  };
}

function extension(
  preferredId: number,
  uri: string,
  audioDirection: RtpHeaderExtensionDirection | undefined,
  videoDirection: RtpHeaderExtensionDirection | undefined,
): RtpHeaderExtension[] {
  const both: [MediaKind, RtpHeaderExtensionDirection | undefined][] = [
    ['audio', audioDirection],
    ['video', videoDirection],
  ];
  return both.flatMap(([kind, direction]) =>
    direction === undefined ? [] : [{ kind, uri, preferredId, preferredEncrypt: false, direction }],
  );
}
