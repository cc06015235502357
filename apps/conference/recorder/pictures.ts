// Is this where a key frame begins, and how large is it? Read from the first packet of a picture.

import type { PictureSize } from '../protocol/messages';
import { parseVp9 } from './vp9';

export interface KeyFrame {
  // Null where the packet does not tell.
  size: PictureSize | null;
}

// Null if no key frame begins in this payload.
export function keyFrameIn(mimeType: string, payload: Buffer): KeyFrame | null {
  try {
    switch (mimeType.toLowerCase()) {
      case 'video/vp8':
        return inVp8(payload);
      case 'video/vp9':
        return inVp9(payload);
      case 'video/h264':
        return inH264(payload);
      default:
        return null;
    }
  } catch (error) {
    // Bytes that end where the format goes on.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

// RFC 7741 §4.2: the descriptor; RFC 6386 §9.1: the frame header behind it.
function inVp8(payload: Buffer): KeyFrame | null {
  let at = 1;
  const first = payload.readUInt8(0);
  if ((first & 0x17) !== 0x10) return null; // Not the start of the first partition.
  if (first & 0x80) {
    const extension = payload.readUInt8(at++);
    if (extension & 0x80) at += payload.readUInt8(at) & 0x80 ? 2 : 1;
    if (extension & 0x40) at += 1;
    if (extension & 0x30) at += 1;
  }
  if (payload.readUInt8(at) & 0x01) return null;
  const width = payload.readUInt16LE(at + 6) & 0x3fff;
  const height = payload.readUInt16LE(at + 8) & 0x3fff;
  return { size: { width, height } };
}

// With several spatial layers the lowest one begins the picture, and its size says nothing about the
// others. VP9 bitstream §6.2, of profile 0.
function inVp9(payload: Buffer): KeyFrame | null {
  const { independent, begins, spatial, length } = parseVp9(payload);
  if (!independent || !begins || spatial > 0) return null;
  const frame = payload.subarray(length);
  const synchronised = frame.length >= 9 && frame.readUIntBE(1, 3) === 0x498342;
  if (payload.readUInt8(0) & 0x20 || frame.readUInt8(0) >> 4 !== 8 || !synchronised) {
    return { size: null };
  }
  const width = (frame.readUIntBE(4, 3) >> 4) & 0xffff;
  const height = (frame.readUIntBE(6, 3) >> 4) & 0xffff;
  return { size: { width: width + 1, height: height + 1 } };
}

const kSequenceParameters = 7;
const kAggregate = 24;

// RFC 6184 §5.4, §5.7.1: a key frame that can be decoded comes with its parameters before it.
function inH264(payload: Buffer): KeyFrame | null {
  const type = payload.readUInt8(0) & 0x1f;
  if (type === kSequenceParameters) return { size: null };
  if (type !== kAggregate) return null;
  for (let at = 1; at + 3 <= payload.length;) {
    if ((payload.readUInt8(at + 2) & 0x1f) === kSequenceParameters) return { size: null };
    at += 2 + payload.readUInt16BE(at);
  }
  return null;
}
