import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SourceClock } from './source_clock';

const kNow = 1_700_000_000_000_000;

test('a report places the stream in time, also across the wrap of its clock', () => {
  const clock = new SourceClock(48_000);
  assert.equal(clock.isKnown, false);
  clock.learn(kNow, 0xffffffff - 479);
  assert.equal(clock.captured(0), kNow + 10_000);
  assert.equal(clock.captured(480), kNow + 20_000);
});

test('what a later report knows better is made good by a twentieth at a time', () => {
  const clock = new SourceClock(48_000);
  clock.learn(kNow, 0);
  clock.captured(0);
  clock.learn(kNow + 20_000 + 5_000, 960);
  assert.equal(clock.captured(960), kNow + 20_000 + 1_000);
  for (let packet = 2; packet < 6; ++packet) clock.captured(packet * 960);
  assert.equal(clock.captured(6 * 960), kNow + 6 * 20_000 + 5_000);
});

test('another clock is believed at once', () => {
  const clock = new SourceClock(90_000);
  clock.learn(kNow, 0);
  clock.captured(0);
  clock.learn(kNow + 10_000_000, 9_000);
  assert.equal(clock.captured(9_000), kNow + 10_000_000);
});
