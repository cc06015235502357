import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownContent, remoteContent } from './panel_content';
import type { OwnPicture, RemotePicture } from './panel_content';
import { ceilingOf } from './sparkline';
import type { PanelContent } from './stats_panel';
import { kHistoryMs, StreamMeter } from './stream_meter';
import { agoText, bitrateText, layerReason, millisecondsText, percentText } from './wording';

const kRemote: RemotePicture = {
  shape: { scales: [4, 2, 1], temporalLayers: 3 },
  capture: { width: 1280, height: 720 },
  current: { spatialLayer: 1, temporalLayer: 2 },
  wanted: { spatialLayer: 2, temporalLayer: 2, priority: 32, paused: false },
  reason: 'bandwidthDown',
  changedAt: 1000,
  score: 9,
  producerScore: 10,
  codec: 'video/VP8',
  size: { width: 640, height: 360 },
  roundTripTime: 23.4,
  jitter: 2.1,
  off: false,
  samples: [{ at: 0, bitrate: 480_000, fps: 29.7, loss: 0.004 }],
};

const kOwn: OwnPicture = {
  codec: 'video/VP8',
  encodings: [
    { name: 'r0', active: true, size: { width: 320, height: 180 }, fps: 30, bitrate: 1e5, score: 10 },
    { name: 'r1', active: false, size: null, fps: 0, bitrate: 0, score: null },
  ],
  roundTripTime: 12,
  loss: 0,
  limitation: null,
  samples: [],
  connection: null,
  connectionSamples: [],
};

const kConnection = {
  availableBitrate: 2_000_000,
  desiredBitrate: 1_500_000,
  sentBitrate: 700_000,
  probationBitrate: 0,
  bandwidthReason: 'lossDown',
  queueMs: 3,
  roundTripTime: 20,
  receivedBitrate: 0,
};

function row({ rows }: PanelContent, label: string) {
  return rows.find((one) => one.label === label);
}

test('the panel says what flows, what is wanted, and why', () => {
  const content = remoteContent(kRemote, 13_000);
  assert.equal(row(content, 'Layer')?.value, '360p · rate 3/3');
  assert.deepEqual(row(content, 'Layer')?.ladder, { reached: 2, wanted: 3, count: 3 });
  assert.equal(row(content, 'Wanted')?.value, '720p · rate 3/3');
  assert.equal(row(content, 'Picture')?.value, '640×360 · VP8');
  assert.equal(row(content, 'Loss')?.value, '0.4 %');
  assert.deepEqual(content.note, { text: 'Your line carries less.', age: '12 s ago' });
  assert.deepEqual(
    content.charts.map(({ label, value }) => [label, value]),
    [
      ['Bit rate', '480 kbit/s'],
      ['Frame rate', '30 fps'],
    ],
  );
});

test('a video that was paused for want of bandwidth says so', () => {
  const content = remoteContent({ ...kRemote, current: null, reason: 'pausedNoBandwidth' }, 1000);
  assert.equal(row(content, 'Layer')?.value, 'nothing');
  assert.match(content.note?.text ?? '', /too narrow/);
});

test('a camera that is off is no trouble of the line', () => {
  assert.equal(remoteContent({ ...kRemote, off: true }, 1000).note?.text, 'The camera is off.');
});

test('a video without layers has no row about them', () => {
  const plain = { ...kRemote, shape: { scales: [1], temporalLayers: 1 } };
  assert.equal(row(remoteContent(plain, 1000), 'Layer'), undefined);
});

test('a panel without a single figure yet is no crash', () => {
  const bare = Object.fromEntries(Object.keys(kRemote).map((key) => [key, null]));
  const content = remoteContent({ ...bare, off: false, samples: [] } as never, 1000);
  assert.equal(row(content, 'Loss')?.value, '–');
});

test('the own panel has the largest encoding on top and names what is not sent', () => {
  const content = ownContent(kOwn);
  assert.equal(content.rows[0]?.label, 'r1');
  assert.match(content.rows[0]?.value ?? '', /not wanted/);
  assert.equal(content.rows[1]?.value, '180p · 30 fps · 100 kbit/s');
  assert.equal(content.charts.length, 1);
});

test('who sends no picture still sees the line', () => {
  const nothing = { ...kOwn, encodings: [], connection: kConnection };
  const content = ownContent(nothing);
  assert.match(content.note?.text ?? '', /No picture/);
  assert.deepEqual(
    content.charts.map(({ label }) => label),
    ['Line to you'],
  );
});

test('the own line is drawn against what it could carry', () => {
  const connectionSamples = [{ at: 0, available: null, used: 1 }];
  const content = ownContent({ ...kOwn, connection: kConnection, connectionSamples });
  const line = content.charts[1];
  assert.equal(line?.value, '700 kbit/s of 2.00 Mbit/s');
  assert.deepEqual(
    line?.series.map(({ points }) => points.length),
    [1, 0],
    'what was not known is not drawn as nothing',
  );
  assert.match(content.note?.text ?? '', /loss down/);
});

test('every reason is a sentence, also one that is newer than this page', () => {
  for (const reason of ['bandwidthUp', 'layerVanished', 'preferred', 'someNewReason', null]) {
    assert.match(layerReason(reason), /^[A-Z].*\.$/);
  }
  assert.equal(layerReason('someNewReason'), 'Some new reason.');
});

test('numbers are short', () => {
  assert.equal(bitrateText(950), '1 kbit/s');
  assert.equal(bitrateText(999_900), '1.00 Mbit/s');
  assert.equal(bitrateText(12_340_000), '12.3 Mbit/s');
  assert.equal(millisecondsText(3.14), '3.1 ms');
  assert.equal(millisecondsText(250.2), '250 ms');
  assert.equal(percentText(0.1234), '12 %');
  assert.equal(agoText(1000), 'just now');
  assert.equal(agoText(180_000), '3 min ago');
});

const counters = (at: number, bytes: number) => ({
  at,
  bytes,
  frames: at / 40,
  packets: at,
  packetsLost: at / 4,
});

test('counters become rates', () => {
  const meter = new StreamMeter();
  meter.record(counters(1000, 0));
  meter.record(counters(2000, 125_000));
  assert.deepEqual(meter.samples, [{ at: 2000, bitrate: 1_000_000, fps: 25, loss: 0.2 }]);
});

test('the meter forgets after a minute and survives a restart of the counters', () => {
  const meter = new StreamMeter();
  for (let at = 0; at <= 5 * kHistoryMs; at += 1000) meter.record(counters(at, at));
  assert.ok(meter.samples.length <= kHistoryMs / 1000 + 1);
  meter.record({ ...counters(5 * kHistoryMs + 1000, 0), frames: 0 });
  assert.ok(meter.samples.every(({ bitrate }) => bitrate >= 0));
});

test('two looks in one moment are one', () => {
  const meter = new StreamMeter();
  meter.record(counters(1000, 0));
  meter.record(counters(2000, 1000));
  meter.record(counters(2500, 9000));
  assert.equal(meter.samples.length, 1);
});

test('the scale of a chart is round and above all it shows', () => {
  const series = (value: number) => [{ colour: '', filled: true, points: [{ at: 0, value }] }];
  assert.equal(ceilingOf(series(0), 10), 15);
  assert.equal(ceilingOf(series(480_000), 100_000), 500_000);
  assert.equal(ceilingOf(series(1_000_001), 100_000), 1_500_000);
});
