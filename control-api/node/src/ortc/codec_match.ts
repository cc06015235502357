// When two descriptions mean the same codec.
import type { CodecParameters } from '../rtp_types.js';
import { isSameH264 } from './h264_profile.js';

export interface Codec {
  mimeType: string;
  clockRate: number;
  channels?: number;
  parameters?: CodecParameters;
}

/** Same name, clock rate and channels; for surround sound also the same streams. */
export function isSameCodec(a: Codec, b: Codec): boolean {
  const mimeType = a.mimeType.toLowerCase();
  if (mimeType !== b.mimeType.toLowerCase() || a.clockRate !== b.clockRate) return false;
  if (mimeType.startsWith('audio/') && (a.channels ?? 1) !== (b.channels ?? 1)) return false;
  if (mimeType !== 'audio/multiopus') return true;
  return ['num_streams', 'coupled_streams'].every((name) => isSameNumber(a, b, name, 0));
}

/** isSameCodec(), and a decoder for one can decode the other. */
export function isCompatibleCodec(a: Codec, b: Codec): boolean {
  return isSameCodec(a, b) && isSameProfile(a, b);
}

function isSameProfile(a: Codec, b: Codec): boolean {
  switch (a.mimeType.toLowerCase()) {
    case 'video/h264':
      return isSameH264(a.parameters ?? {}, b.parameters ?? {});
    case 'video/vp9':
      // RFC 9628 §7: profile 0 if missing.
      return isSameNumber(a, b, 'profile-id', 0);
    case 'video/av1':
      // AV1 RTP payload format §7.2.1: profile 0 (Main) if missing. Level and tier are upper
      // bounds.
      return isSameNumber(a, b, 'profile', 0);
    case 'video/h265':
      // RFC 7798 §7.1: Main profile (1), Main tier (0), single stream if missing. The level is a
      // bound.
      return (
        isSameNumber(a, b, 'profile-space', 0) &&
        isSameNumber(a, b, 'profile-id', 1) &&
        isSameNumber(a, b, 'tier-flag', 0) &&
        String(a.parameters?.['tx-mode'] ?? 'SRST') === String(b.parameters?.['tx-mode'] ?? 'SRST')
      );
    default:
      return true;
  }
}

// SDP knows only text, so one side may say "1" where the other says 1.
function isSameNumber(a: Codec, b: Codec, name: string, missing: number): boolean {
  return Number(a.parameters?.[name] ?? missing) === Number(b.parameters?.[name] ?? missing);
}
