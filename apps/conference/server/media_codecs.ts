// The codecs a room offers, in the order of preference.
//
// VP8 first: every browser encodes and decodes it, and most do so cheaply. The others are there for
// pages that ask with ?codec= and for what a later choice may prefer.

import type { types } from 'mediasoup-client';

type Codec = Omit<types.RtpCodecCapability, 'preferredPayloadType'>;

function h264(profileLevelId: string): Codec {
  const parameters = {
    'packetization-mode': 1,
    'profile-level-id': profileLevelId,
    'level-asymmetry-allowed': 1,
  };
  return { kind: 'video', mimeType: 'video/H264', clockRate: 90000, parameters };
}

const kCodecs: Codec[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, parameters: {} },
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90000, parameters: {} },
  { kind: 'video', mimeType: 'video/VP9', clockRate: 90000, parameters: { 'profile-id': 0 } },
  // Constrained Baseline, the profile that RFC 7742 §6.2 makes browsers share.
  h264('42e01f'),
  // Main, for encoders that know no other. Not High: of that Chromium has a decoder and does not say so
  // unless the hardware has one, so that an encoder would be on air and hardly anybody would see it.
  h264('4d001f'),
  { kind: 'video', mimeType: 'video/AV1', clockRate: 90000, parameters: {} },
];

// The payload types are left to the router, hence the cast: a capability offered to it needs none.
export function mediaCodecs(): types.RtpCodecCapability[] {
  return structuredClone(kCodecs) as types.RtpCodecCapability[];
}
