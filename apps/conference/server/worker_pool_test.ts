import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';

test('rooms go to the worker with the fewest people', async () => {
  const stage = await Stage.open(2);
  await stage.joined('blue');
  await stage.joined('blue');
  await stage.joined('red');
  await stage.joined('green');
  assert.deepEqual(
    stage.pool.status().map(({ peers }) => peers),
    [2, 2],
  );
  assert.deepEqual(
    stage.pool.status().map(({ rooms }) => rooms),
    [1, 2],
  );
});

test('rooms opened in the same instant spread as well', async () => {
  const stage = await Stage.open(3);
  await Promise.all(['blue', 'red', 'green'].map((room) => stage.client(room).join()));
  assert.deepEqual(
    stage.pool.status().map(({ rooms }) => rooms),
    [1, 1, 1],
  );
});

test('between equals, processor time decides', async () => {
  const stage = await Stage.open(2);
  await stage.clock.advance(2000);
  stage.engine.workers[0]!.cpuMs = 1500;
  stage.engine.workers[1]!.cpuMs = 20;
  await stage.clock.advance(1000);
  assert.equal((await stage.pool.pick()).index, 1);
});

test('a worker that lived is replaced at once', async () => {
  const stage = await Stage.open(1);
  await stage.clock.advance(60_000);
  stage.engine.workers[0]!.die();
  await settle();
  const [status] = stage.pool.status();
  assert.equal(status!.alive, true);
  assert.equal(status!.restarts, 1);
});

test('a worker that keeps dying is retried ever more slowly', async () => {
  const stage = await Stage.open(1);
  const { engine, clock } = stage;
  const die = async () => {
    engine.workers[engine.workers.length - 1]!.die();
    await settle();
  };
  await die();
  assert.equal(engine.workers.length, 2, 'the first replacement is immediate');
  await die();
  assert.equal(engine.workers.length, 2);
  await clock.advance(249);
  assert.equal(engine.workers.length, 2);
  await clock.advance(1);
  assert.equal(engine.workers.length, 3);
  await die();
  await clock.advance(499);
  assert.equal(engine.workers.length, 3);
  await clock.advance(1);
  assert.equal(engine.workers.length, 4);
});

test('a replacement that does not start is tried again', async () => {
  const stage = await Stage.open(1);
  await stage.clock.advance(10_000);
  stage.engine.failures = 2;
  stage.engine.workers[0]!.die();
  await settle();
  assert.equal(stage.pool.status()[0]!.alive, false);
  await stage.clock.advance(1000);
  assert.equal(stage.pool.status()[0]!.alive, true);
});

test('without a worker a join waits, then is served by the next one', async () => {
  const stage = await Stage.open(1);
  await stage.clock.advance(10_000);
  stage.engine.failures = 1;
  stage.engine.workers[0]!.die();
  await settle();
  const joining = stage.client().join();
  await settle();
  await stage.clock.advance(250);
  assert.equal((await joining).ok, true);
});

test('without a worker for long a join is refused with a reason', async () => {
  const stage = await Stage.open(1);
  await stage.clock.advance(10_000);
  stage.engine.failures = 1000;
  stage.engine.workers[0]!.die();
  await settle();
  const picked = assert.rejects(stage.pool.pick(), /No media worker is running/);
  await stage.clock.advance(5000);
  await picked;
});

test('a failure at start is thrown and leaves no worker running', async () => {
  const stage = await Stage.open(1);
  stage.pool.close();
  assert.equal(stage.engine.workers[0]!.closed, true);
  stage.engine.workers[0]!.die();
  await settle();
  assert.equal(stage.engine.workers.length, 1, 'a closed pool replaces nobody');
});
