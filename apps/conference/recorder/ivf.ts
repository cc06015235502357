// Pictures of a track as an IVF stream: what FFmpeg reads where it does not read RTP.

import type { Writable } from 'node:stream';

import { parseRtp } from './rtp';
import type { TrackOutput } from './track';
import { Vp9Pictures } from './vp9';

const kWrap = 2 ** 32;
// A tool that does not read any more is about to end; what it has not read is not kept.
const kMaxUnread = 16 * 1024 * 1024;

export class IvfOutput implements TrackOutput {
  private readonly pictures = new Vp9Pictures();
  private last = 0;

  constructor(
    private readonly pipe: Writable,
    private readonly clockRate: number,
  ) {
    pipe.on('error', () => {});
    pipe.write(header(clockRate));
  }

  rtp(bytes: Buffer): void {
    const packet = parseRtp(bytes);
    const picture = packet && this.pictures.take(packet);
    if (!packet || !picture || this.pipe.writableLength > kMaxUnread) return;
    const head = Buffer.alloc(12);
    head.writeUInt32LE(picture.length, 0);
    this.last = unwrap(packet.timestamp, this.last);
    // A track begins at one second.
    head.writeBigUInt64LE(BigInt(Math.max(0, this.last - this.clockRate)), 4);
    this.pipe.write(head);
    this.pipe.write(picture);
  }

  // Its times are those of the track already.
  rtcp(): void {}

  close(): void {
    this.pipe.end();
  }
}

function unwrap(timestamp: number, last: number): number {
  const ahead = (timestamp - last) % kWrap;
  return Math.max(0, last + ((ahead + kWrap * 1.5) % kWrap) - kWrap / 2);
}

// The size is that of the pictures, which tell it themselves.
function header(clockRate: number): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write('DKIF', 0, 'latin1');
  bytes.writeUInt16LE(32, 6);
  bytes.write('VP90', 8, 'latin1');
  bytes.writeUInt32LE(clockRate, 16);
  bytes.writeUInt32LE(1, 20);
  return bytes;
}
