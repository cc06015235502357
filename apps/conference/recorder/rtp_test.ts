import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseRtp, parseSenderReports, writeBye, writeRtp, writeSenderReport } from './rtp';

test('a packet is read without its extension and padding', () => {
  const bytes = Buffer.from([
    ...[0xb0, 0xe4, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7],
    ...[0xbe, 0xde, 0, 1, 1, 2, 3, 4],
    ...[0xaa, 0xbb, 0, 2],
  ]);
  const packet = parseRtp(bytes);
  assert.deepEqual(
    { ...packet, payload: [...(packet?.payload ?? [])] },
    {
      marker: true,
      payloadType: 100,
      sequence: 0x1234,
      timestamp: 9,
      ssrc: 7,
      payload: [0xaa, 0xbb],
    },
  );
});

test('what was written is read again', () => {
  const packet = {
    ...{ marker: false, payloadType: 101, sequence: 65535, timestamp: 0xffffffff, ssrc: 1 },
    payload: Buffer.from([1, 2, 3]),
  };
  assert.deepEqual(parseRtp(writeRtp(packet)), packet);
});

test('bytes that are cut off, or say they are longer, are no packet', () => {
  const whole = writeRtp({
    ...{ marker: false, payloadType: 0, sequence: 0, timestamp: 0, ssrc: 0 },
    payload: Buffer.alloc(0),
  });
  for (let length = 0; length < 12; ++length) {
    assert.equal(parseRtp(whole.subarray(0, length)), null);
  }
  const extended = Buffer.from(whole);
  extended[0] = 0x90;
  assert.equal(parseRtp(extended), null);
  const padded = Buffer.concat([whole, Buffer.from([200])]);
  padded[0] = 0xa0;
  assert.equal(parseRtp(padded), null);
});

test('a sender report survives the way there and back, to the microsecond', () => {
  const time = { ssrc: 5, unixUs: 1_700_000_000_123_456, timestamp: 0xfffffff0 };
  const report = writeSenderReport(time);
  const [found] = parseSenderReports(Buffer.concat([report, writeBye(5)]));
  assert.equal(found?.timestamp, time.timestamp);
  assert.ok(Math.abs((found?.unixUs ?? 0) - time.unixUs) <= 1);
  assert.deepEqual(parseSenderReports(report.subarray(0, 20)), []);
});
