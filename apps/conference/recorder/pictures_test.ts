import assert from 'node:assert/strict';
import { test } from 'node:test';

import { opusDurationUs } from './opus';
import { keyFrameIn } from './pictures';
import { Vp9Pictures, parseVp9 } from './vp9';

// RFC 6386 §9.1: bit 0 clear is a key frame; start code, width and height follow.
const kVp8Frame = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];

test('a VP8 key frame tells its size, behind any descriptor', () => {
  const size = { width: 640, height: 360 };
  const plain = Buffer.from([0x10, ...kVp8Frame]);
  const extended = Buffer.from([0x90, 0xf0, 0x81, 0x02, 0x03, 0x20, ...kVp8Frame]);
  assert.deepEqual(keyFrameIn('video/VP8', plain), { size });
  assert.deepEqual(keyFrameIn('video/VP8', extended), { size });
});

test('other packets of VP8 begin nothing', () => {
  const later = Buffer.from([0x10, 0x11, ...kVp8Frame.slice(1)]);
  const middle = Buffer.from([0x00, ...kVp8Frame]);
  for (const payload of [later, middle, Buffer.from([0x90]), Buffer.alloc(0)]) {
    assert.equal(keyFrameIn('video/VP8', payload), null);
  }
});

test('H264 begins with its parameters, alone or in an aggregate', () => {
  assert.ok(keyFrameIn('video/H264', Buffer.from([0x67, 0x42])));
  assert.ok(keyFrameIn('video/H264', Buffer.from([0x18, 0, 1, 0x68, 0, 2, 0x67, 0x42])));
  assert.equal(keyFrameIn('video/H264', Buffer.from([0x18, 0, 1, 0x68])), null);
  assert.equal(keyFrameIn('video/H264', Buffer.from([0x65, 0x88])), null);
});

test('VP9 descriptors are read in both modes', () => {
  const flexible = Buffer.from([0xdd, 0xf1, 0xcd, 0x02, 0x86]);
  assert.deepEqual(parseVp9(flexible), {
    ...{ length: 4, spatial: 0, independent: false, begins: true, ends: true },
  });
  // Two layers with their sizes, and a group of one picture.
  const structured = Buffer.from([
    ...[0xaa, 0x81, 0x00, 0x02, 0x07, 0x38, 1, 64, 0, 180, 2, 128, 1, 104, 1, 0x04, 1, 0x82],
  ]);
  assert.deepEqual(parseVp9(structured), {
    ...{ length: 17, spatial: 1, independent: true, begins: true, ends: false },
  });
  assert.throws(() => parseVp9(structured.subarray(0, 3)), RangeError);
});

const vp9 = (sequence: number, marker: boolean, payload: number[]) => ({
  ...{ sequence, marker, timestamp: 1, ssrc: 1, payloadType: 1 },
  payload: Buffer.from(payload),
});

test('a picture is put together of its packets', () => {
  const pictures = new Vp9Pictures();
  assert.equal(pictures.take(vp9(7, false, [0x08, 1, 2])), null);
  assert.deepEqual([...(pictures.take(vp9(8, true, [0x04, 3])) ?? [])], [1, 2, 3]);
});

test('a picture in several sizes gets an index behind it', () => {
  const pictures = new Vp9Pictures();
  pictures.take(vp9(7, false, [0x0c, 1, 2]));
  const picture = pictures.take(vp9(8, true, [0x0c, 3]));
  const mark = 0xc0 | (3 << 3) | 1;
  assert.deepEqual([...(picture ?? [])], [1, 2, 3, mark, 2, 0, 0, 0, 1, 0, 0, 0, mark]);
});

test('a picture of which a packet is missing is left out', () => {
  const pictures = new Vp9Pictures();
  pictures.take(vp9(7, false, [0x08, 1, 2]));
  assert.equal(pictures.take(vp9(9, true, [0x04, 3])), null);
});

test('an Opus packet tells how long it lasts', () => {
  assert.equal(opusDurationUs(Buffer.from([0xf8, 0xff, 0xfe])), 20_000);
  assert.equal(opusDurationUs(Buffer.from([0x79])), 40_000);
  assert.equal(opusDurationUs(Buffer.from([0x7b, 3])), 60_000);
  assert.equal(opusDurationUs(Buffer.from([0x18])), 60_000);
});
