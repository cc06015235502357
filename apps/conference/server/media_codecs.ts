// The codecs a room offers, in the order of preference.
//
// VP8 first: every browser encodes and decodes it, and most do so cheaply. The others are there for
// pages that ask with ?codec= and for what a later choice may prefer.

import type { types } from 'mediasoup-client';

type Codec = Omit<types.RtpCodecCapability, 'preferredPayloadType'>;

const kCodecs: Codec[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, parameters: {} },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, parameters: {} },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  {
    // Constrained Baseline 3.1, the profile that RFC 7742 §6.2 makes browsers share.
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90000,
    parameters: {
      'packetization-mode': 1,
      'profile-level-id': '42e01f',
      'level-asymmetry-allowed': 1,
    },
  },
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90000, parameters: {} },
];

// The payload types are left to the router, hence the cast: a capability offered to it needs none.
export function mediaCodecs(): types.RtpCodecCapability[] {
  return structuredClone(kCodecs) as types.RtpCodecCapability[];
}
