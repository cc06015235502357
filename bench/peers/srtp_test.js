// What one end seals the other opens, and nobody else.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SrtpKeys, headerSize } from './srtp.js';

// The other end has the halves of keys and salts the other way round.
const kMaterial = Buffer.from(Array.from({ length: 56 }, (_, at) => at));
const kTurned = Buffer.concat([
  ...[kMaterial.subarray(16, 32), kMaterial.subarray(0, 16)],
  ...[kMaterial.subarray(44, 56), kMaterial.subarray(32, 44)],
]);
const kPacket = Buffer.from('806f1234decafbadcafebabe68656c6c6f', 'hex');

test('the other end opens what was sealed', () => {
  const sealed = SrtpKeys.ofClient(kMaterial).seal(kPacket);
  assert.equal(sealed.length, kPacket.length + 16);
  assert.deepEqual(sealed.subarray(0, 12), kPacket.subarray(0, 12));
  assert.deepEqual(SrtpKeys.ofClient(kTurned).open(sealed), kPacket);
});

test('a packet that was changed anywhere is not opened', () => {
  const sealed = SrtpKeys.ofClient(kMaterial).seal(kPacket);
  for (const at of [1, 3, 9, 14, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] ^= 1;
    assert.throws(() => SrtpKeys.ofClient(kTurned).open(changed));
  }
});

test('the header reaches to the end of sources and extension', () => {
  assert.equal(headerSize(kPacket), 12);
  const long = Buffer.alloc(40);
  long[0] = 0x92;
  long.writeUInt16BE(2, 12 + 8 + 2);
  assert.equal(headerSize(long), 12 + 8 + 4 + 8);
});
