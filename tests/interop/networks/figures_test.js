// Do the figures say what happened? A measurement that cannot show a bad network shows nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { figuresOf, wideAfter } from './figures.js';
import { goals } from './goals.js';

// One sample each half second: `rows` are what the statistics of one track say, in that order.
function samplesOf(rows, track = 'one') {
  return rows.map((row, at) => ({
    at: at * 500,
    inbound: row ? [{ stream: 'ada-person', track, kind: 'video', ...row }] : [],
  }));
}

const whole = { began: 0, ended: 1e9 };
const figures = (samples) => figuresOf(samples, ['ada'], whole);

test('the frame rate is what was decoded over the time it took', () => {
  const samples = samplesOf([0, 5, 10, 15, 20].map((framesDecoded) => ({ framesDecoded })));
  assert.equal(figures(samples).framesPerSecond, 10);
});

test('a stream that is set up anew goes on where the old one ended', () => {
  const old = samplesOf([0, 5, 10].map((framesDecoded) => ({ framesDecoded })));
  const fresh = samplesOf([null, null, null, { framesDecoded: 4 }, { framesDecoded: 14 }], 'two');
  assert.equal(figures([...old, ...fresh.slice(3)]).framesPerSecond, 10);
});

test('a stream that is missing from one sample is counted once', () => {
  const rows = [{ framesDecoded: 100 }, null, { framesDecoded: 110 }];
  assert.equal(figures(samplesOf(rows)).framesPerSecond, 10);
});

test('streams of others and moments outside of the span do not count', () => {
  const samples = samplesOf([0, 5, 10, 90].map((framesDecoded) => ({ framesDecoded })));
  samples[1].inbound.push({ stream: 'bo-person', track: 'x', kind: 'video', framesDecoded: 70 });
  assert.equal(figuresOf(samples, ['ada'], { began: 0, ended: 1000 }).framesPerSecond, 10);
});

test('a picture that stands still has no width', () => {
  const rows = [0, 5, 5, 5, 10].map((framesDecoded) => ({ framesDecoded, frameWidth: 960 }));
  const { points, meanWidth } = figures(samplesOf(rows));
  assert.deepEqual(points.map(({ width }) => width), [960, 960, 0, 0, 960]);
  assert.equal(meanWidth, 960);
});

test('concealment of silence is no concealment', () => {
  const sound = [
    { totalSamplesReceived: 0, concealedSamples: 0, silentConcealedSamples: 0 },
    { totalSamplesReceived: 1000, concealedSamples: 150, silentConcealedSamples: 50 },
  ];
  const samples = samplesOf(sound.map((row) => ({ ...row, kind: 'audio' })));
  assert.equal(figures(samples).concealed, 0.1);
});

test('a size that comes for a moment has not come back', () => {
  const points = [240, 960, 240, 960, 960, 960, 960, 960, 960];
  const timed = points.map((width, at) => ({ seconds: at / 2, width }));
  assert.equal(wideAfter(timed, 960), 1.5);
  assert.equal(wideAfter(timed.slice(0, 5), 960), null);
});

test('a bystander who loses three of a hundred pictures is noticed', () => {
  const phase = (framesPerSecond, seconds = 20) => {
    const seen = { framesPerSecond, meanWidth: 960 };
    return { phase: '', seconds, bad: seen, good: seen };
  };
  const judge = (...phases) =>
    goals([{ profile: 'clean', phases: [phase(10)] }, { profile: 'x', phases }], 960);
  assert.deepEqual(judge(phase(9.9)).map(({ met }) => met), [true]);
  assert.deepEqual(judge(phase(9.7)).map(({ met }) => met), [false]);
  // One bad phase is enough; over all of them each counts by its length.
  const [{ met, measured }] = judge(phase(10), phase(9.2, 5));
  assert.equal(met, false);
  assert.match(measured, /92\.0 %, over all its phases 98\.4 %/);
});
