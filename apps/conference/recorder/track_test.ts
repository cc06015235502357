import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseRtp, parseSenderReports } from './rtp';
import type { RtpPacket } from './rtp';
import { Track } from './track';

const kZero = 1_700_000_000_000_000;
const kSecond = 1_000_000;
const kSound = {
  kind: 'audio',
  mimeType: 'audio/opus',
  payloadType: 100,
  clockRate: 48_000,
} as const;
const kPicture = {
  kind: 'video',
  mimeType: 'video/VP8',
  payloadType: 101,
  clockRate: 90_000,
} as const;
const kOpus20ms = Buffer.from([0x78, 1, 2, 3]);

function stage(format: typeof kSound | typeof kPicture) {
  const sent: RtpPacket[] = [];
  const reports: Buffer[] = [];
  const output = {
    rtp: (bytes: Buffer) => void sent.push(parseRtp(bytes)!),
    rtcp: (bytes: Buffer) => void reports.push(bytes),
    close: () => {},
  };
  const track = new Track(format, 77, output);
  track.begin(kZero);
  return { track, sent, reports };
}

function packet(sequence: number, timestamp = 0, payload = kOpus20ms): RtpPacket {
  return { marker: true, payloadType: 9, sequence, timestamp, ssrc: 1, payload };
}

test('a report comes before everything else, and places the beginning', () => {
  const { sent, reports } = stage(kSound);
  assert.equal(sent.length, 0);
  const [first] = parseSenderReports(reports[0]!);
  assert.deepEqual([first?.unixUs, first?.timestamp], [kZero, 48_000]);
});

test('what was captured before the beginning is left out', () => {
  const { track, sent } = stage(kSound);
  track.write(packet(5), kZero - 1);
  track.write(packet(6), kZero);
  assert.deepEqual(
    sent.map(({ timestamp }) => timestamp),
    [48_000],
  );
});

test('a hole in sound is filled with silence, and numbers stay whole', () => {
  const { track, sent } = stage(kSound);
  track.write(packet(10), kZero);
  track.write(packet(11), kZero + 100_000);
  assert.deepEqual(
    sent.map(({ sequence, timestamp, payload }) => [sequence, timestamp - 48_000, payload.length]),
    [
      [0, 0, 4],
      [1, 960, 3],
      [2, 1920, 3],
      [3, 2880, 3],
      [4, 3840, 3],
      [5, 4800, 4],
    ],
  );
});

test('a clock that is a little off makes no hole', () => {
  const { track, sent } = stage(kSound);
  track.write(packet(10), kZero);
  track.write(packet(11), kZero + 21_000);
  track.write(packet(12), kZero + 39_000);
  assert.equal(sent.length, 3);
});

test('sound that comes after its silence was sent is dropped', () => {
  const { track, sent } = stage(kSound);
  track.fillUntil(kZero + kSecond);
  const before = sent.length;
  track.write(packet(1), kZero + kSecond / 2);
  assert.equal(before, 50);
  assert.equal(sent.length, before);
});

test('a lost packet stays lost, so that the tool knows', () => {
  const { track, sent } = stage(kPicture);
  track.write(packet(100, 1), kZero);
  track.write(packet(102, 2), kZero + 33_333);
  assert.deepEqual(
    sent.map(({ sequence }) => sequence),
    [0, 2],
  );
});

test('another stream goes on with the numbers and the clock of the track', () => {
  const { track, sent } = stage(kPicture);
  track.write(packet(65_535, 5), kZero);
  track.changeSource();
  track.write(packet(400, 9_000_000), kZero + 5 * kSecond);
  assert.deepEqual(
    sent.map(({ sequence, timestamp, ssrc }) => [sequence, timestamp, ssrc]),
    [
      [0, 90_000, 77],
      [1, 6 * 90_000, 77],
    ],
  );
});

test('packets of one picture share its time, two pictures never do', () => {
  const { track, sent } = stage(kPicture);
  track.write(packet(1, 50), kZero);
  track.write(packet(2, 50), kZero + 4);
  track.write(packet(3, 51), kZero + 2);
  const [first, second, third] = sent.map(({ timestamp }) => timestamp);
  assert.equal(first, second);
  assert.ok(third! > second!);
});

test('the goodbye is longer than what FFmpeg overlooks, and a report comes first', () => {
  const { track, reports } = stage(kPicture);
  track.end(kZero + kSecond);
  const goodbye = reports.at(-1)!;
  assert.equal(goodbye[1], 200);
  assert.equal(goodbye[goodbye.length - 7], 203);
});
