import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { histogram } from '../testing/fake_stats';
import { Stage } from '../testing/stage';
import { loadBand, loadOf, percentileUs } from './load_score';

const kIdle = { cpu: 0, turnUs: 0, consumers: 0, arrived: 0 };

test('the fullest of three things is the score, and is named', () => {
  assert.deepEqual(loadOf(kIdle).score, 0);
  assert.deepEqual(loadOf({ ...kIdle, cpu: 0.35 }).score, 0.5);
  const slow = loadOf({ cpu: 0.35, turnUs: 8000, consumers: 400, arrived: 0 });
  assert.deepEqual([slow.score, slow.reason], [0.8, 'loop']);
  const crowded = loadOf({ ...kIdle, consumers: 3000 });
  assert.deepEqual([crowded.score, crowded.reason], [0.75, 'streams']);
});

test('a score stays within 0 and 1, its parts do not', () => {
  const full = loadOf({ ...kIdle, cpu: 1.4, arrived: -3 });
  assert.equal(full.score, 1);
  assert.equal(full.parts.processor, 2);
});

test('people who have just come count before they cost', () => {
  assert.equal(loadBand(loadOf({ ...kIdle, arrived: 6 })), 0);
  assert.equal(loadBand(loadOf({ ...kIdle, arrived: 35 })), 5);
});

test('a percentile is of what was counted in between', () => {
  const before = histogram([1000, 0, 0]);
  assert.equal(percentileUs(histogram([1000, 0, 0]), before, 0.99), 0, 'nothing');
  assert.equal(percentileUs(histogram([1099, 1, 0]), before, 0.99), 100);
  assert.equal(percentileUs(histogram([1098, 2, 0]), before, 0.99), 10_000);
  assert.equal(percentileUs(histogram([1000, 0, 5]), before, 0.5), 10_000, 'beyond all bounds');
});

test('rooms go to the worker with the lower load, not to the one with fewer people', async () => {
  const stage = await Stage.open(2);
  const [busy, idle] = stage.engine.workers;
  await stage.joined('blue');
  await stage.clock.advance(1000);
  assert.equal((await stage.pool.pick()).index, 1, 'between equals the one without people');
  idle!.numbers.stats = { consumers: 3000 };
  await stage.clock.advance(1000);
  assert.equal((await stage.pool.pick()).index, 0, 'one person costs less than 3000 streams');
  busy!.cpuMs = 650;
  await stage.clock.advance(1000);
  assert.equal((await stage.pool.pick()).index, 1, 'its processor is fuller still');
  const [first, second] = stage.pool.status();
  assert.deepEqual([first!.loadReason, second!.loadReason], ['processor', 'streams']);
});

test('nobody goes to a worker that does not answer while another does', async () => {
  const stage = await Stage.open(2);
  stage.engine.workers[0]!.numbers.gate = new Promise(() => {});
  await stage.clock.advance(2000);
  assert.equal((await stage.pool.pick()).index, 1);
  assert.deepEqual(
    stage.pool.status().map(({ responds }) => responds),
    [false, true],
  );
});

test('a worker that owes an answer is not asked again', async () => {
  const stage = await Stage.open(1);
  const { numbers } = stage.engine.workers[0]!;
  let release = () => {};
  numbers.gate = new Promise((resolve) => (release = resolve));
  await stage.clock.advance(10_000);
  assert.equal(numbers.questions, 1);
  release();
  await settle();
  await stage.clock.advance(1000);
  assert.equal(numbers.questions, 2);
  assert.equal(stage.pool.status()[0]!.responds, true);
});
