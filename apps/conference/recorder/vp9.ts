// VP9 over RTP (RFC 9628), and pictures made of its packets.

import type { RtpPacket } from './rtp';

// Of a superframe: at most eight frames (VP9 bitstream, annex B).
const kMostFrames = 8;
const kSizeBytes = 4;

export interface Vp9Descriptor {
  length: number;
  // Whether it depends on no earlier picture.
  independent: boolean;
  // Whether a frame begins, or ends: one of the sizes of a picture.
  begins: boolean;
  ends: boolean;
  spatial: number;
}

// Throws a RangeError if the bytes end within.
export function parseVp9(payload: Buffer): Vp9Descriptor {
  const flags = payload.readUInt8(0);
  let at = 1;
  if (flags & 0x80) at += payload.readUInt8(at) & 0x80 ? 2 : 1;
  let spatial = 0;
  const flexible = (flags & 0x10) !== 0;
  if (flags & 0x20) {
    spatial = (payload.readUInt8(at) >> 1) & 7;
    at += flexible ? 1 : 2;
  }
  if (flexible && flags & 0x40) while (payload.readUInt8(at++) & 0x01);
  if (flags & 0x02) at = endOfStructure(payload, at);
  return {
    ...{ length: at, spatial, independent: (flags & 0x40) === 0 },
    ...{ begins: (flags & 0x08) !== 0, ends: (flags & 0x04) !== 0 },
  };
}

// RFC 9628 §4.2.1.
function endOfStructure(payload: Buffer, start: number): number {
  let at = start;
  const head = payload.readUInt8(at++);
  if (head & 0x10) at += 4 * ((head >> 5) + 1);
  if (!(head & 0x08)) return at;
  const pictures = payload.readUInt8(at++);
  for (let index = 0; index < pictures; ++index) {
    at += 1 + ((payload.readUInt8(at) >> 2) & 3);
  }
  return at;
}

// Puts the packets of a picture together; a picture of which one is missing is left out.
export class Vp9Pictures {
  private parts: Buffer[] = [];
  private sizes: number[] = [];
  private timestamp: number | null = null;
  private next: number | null = null;
  private whole = false;

  // The picture, when this is the last packet of it.
  take({ sequence, timestamp, marker, payload }: RtpPacket): Buffer | null {
    const descriptor = parse(payload);
    const follows = this.next === null || this.next === sequence;
    this.next = (sequence + 1) & 0xffff;
    if (this.timestamp !== timestamp) {
      this.timestamp = timestamp;
      this.parts = [];
      this.sizes = [];
      this.whole = descriptor?.begins ?? false;
    } else if (!follows) {
      this.whole = false;
    }
    if (!descriptor) return null;
    const data = payload.subarray(descriptor.length);
    if (descriptor.begins) this.sizes.push(0);
    if (this.sizes.length > 0) this.sizes[this.sizes.length - 1]! += data.length;
    this.parts.push(data);
    if (!marker || !this.whole || this.sizes.length > kMostFrames) return null;
    return Buffer.concat(this.sizes.length > 1 ? [...this.parts, this.index()] : this.parts);
  }

  // VP9 bitstream, annex B.2: in which order the sizes of a picture lie behind one another.
  private index(): Buffer {
    const mark = 0xc0 | ((kSizeBytes - 1) << 3) | (this.sizes.length - 1);
    const index = Buffer.alloc(2 + kSizeBytes * this.sizes.length, mark);
    for (const [at, size] of this.sizes.entries()) index.writeUInt32LE(size, 1 + kSizeBytes * at);
    return index;
  }
}

function parse(payload: Buffer): Vp9Descriptor | null {
  try {
    return parseVp9(payload);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
