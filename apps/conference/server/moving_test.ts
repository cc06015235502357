import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';
import type { Client } from '../testing/stage';
import { kEvacuationMs, kOverlapMs } from './moving';
import { RollingRestart } from './rolling';

function rollingOf({ pool, conference, clock }: Stage): RollingRestart {
  return new RollingRestart(pool, conference, clock);
}

// What a page does: a second set of transports, its streams anew, then the end of the first.
async function follow(client: Client): Promise<any> {
  const { data: answer, error } = await client.request('move');
  assert.equal(error, undefined);
  const camera = (await client.produce()).data;
  return { answer, camera };
}

async function alive(stage: Stage, clients: Client[], ms: number): Promise<void> {
  const stop = stage.clock.every(3000, () => clients.forEach(({ socket }) => socket.pong()));
  // In steps, because what a step began may wait for the clock in turn.
  for (let passed = 0; passed < ms; passed += 50) await stage.clock.advance(50);
  stop();
}

// Asks, and looks for the answer later: it takes its time by the clock.
function complete({ socket }: Client): () => boolean {
  const id = 1000;
  socket.receive(JSON.stringify({ id, method: 'completeMove' }));
  return () => socket.frames.find((frame) => frame.id === id)?.ok === true;
}

test('people move to another worker, and nobody is told that anybody came or went', async () => {
  const stage = await Stage.open(1);
  const [ann, bo] = [await stage.joined('blue', 'Ann'), await stage.joined('blue', 'Bo')];
  const { data: old } = await ann.produce();
  const before = stage.engine.workers[0]!;
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  assert.equal(stage.engine.workers.length, 2);
  for (const one of [ann, bo]) assert.equal(one.events('moveRequested').length, 1);

  const moved = await follow(ann);
  await settle();
  await follow(bo);
  assert.equal(moved.answer.peers.length, 1);
  const [stream] = bo.events('newConsumer').slice(-1);
  assert.equal(stream.producerId, moved.camera.id);
  assert.equal(bo.events('consumerClosed').length, 0, 'the old picture goes on');
  assert.equal(before.closed, false);

  const finished = [ann, bo].map(complete);
  await alive(stage, [], kOverlapMs - 100);
  assert.deepEqual(
    finished.map((one) => one()),
    [false, false],
  );
  await alive(stage, [], 200);
  assert.deepEqual(
    finished.map((one) => one()),
    [true, true],
  );
  const [report] = await done;
  assert.deepEqual([report?.worker, report?.people, report?.reset], [0, 2, 0]);
  assert.equal(before.closed, true);
  for (const one of [ann, bo]) {
    for (const event of ['peerJoined', 'peerLeft', 'roomReset'] as const) {
      const heard = one.events(event).filter(({ name }) => name !== 'Bo');
      assert.deepEqual(heard, [], event);
    }
  }
  assert.deepEqual(
    stage.pool.status().map(({ peers, rooms }) => [peers, rooms]),
    [[2, 1]],
  );
  // What was sent on the old worker is nothing any more, what is sent on the new one is.
  assert.equal(
    (await ann.request('pauseProducer', { producerId: old.id })).error?.code,
    'not_found',
  );
  assert.ok((await ann.request('pauseProducer', { producerId: moved.camera.id })).ok);
});

test('who does not move is reset like the people of a worker that died', async () => {
  const stage = await Stage.open(1);
  const [ann, bo] = [await stage.joined('blue', 'Ann'), await stage.joined('blue', 'Bo')];
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  await follow(ann);
  complete(ann);
  await alive(stage, [ann, bo], kEvacuationMs + 1000);
  const [report] = await done;
  assert.deepEqual([report?.people, report?.reset], [2, 1]);
  assert.ok(bo.events('moveRequested').length > 1, 'it was asked more than once');
  assert.equal(bo.events('roomReset').length, 1);
  assert.equal(ann.events('roomReset').length, 0);
  assert.equal(ann.events('peerLeft').length, 1);
  assert.ok((await bo.join()).ok, 'and may join again on its socket');
});

test('nobody new comes to a worker that is being replaced', async () => {
  const stage = await Stage.open(1);
  const ann = await stage.joined('blue', 'Ann');
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  const cy = await stage.joined('blue', 'Cy');
  assert.equal(cy.events('moveRequested').length, 0);
  const people = [...stage.conference.findRoom('blue')!.peers.values()];
  const [annLive, cyLive] = people.map(({ live }) => live);
  assert.deepEqual([annLive?.draining, cyLive?.draining], [true, false]);
  await ann.request('leave');
  await alive(stage, [cy], 200);
  assert.equal((await done)[0]?.people, 1);
});

test('to move without being asked, or twice, is refused', async () => {
  const stage = await Stage.open(1);
  const ann = await stage.joined('blue', 'Ann');
  assert.equal((await ann.request('move')).error?.code, 'bad_request');
  assert.equal((await stage.client().request('move')).error?.code, 'not_joined');
  assert.ok(
    (await ann.request('completeMove')).ok,
    'there is nothing to complete, which is no harm',
  );
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  const both = await Promise.all([ann.request('move'), ann.request('move')]);
  assert.deepEqual(both.map(({ ok }) => ok).sort(), [false, true]);
  await ann.request('leave');
  await alive(stage, [ann], 200);
  await done;
});

test('who leaves in the middle of a move leaves nothing behind', async () => {
  const stage = await Stage.open(1);
  const [ann, bo] = [await stage.joined('blue', 'Ann'), await stage.joined('blue', 'Bo')];
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  await follow(ann);
  ann.socket.drop();
  bo.socket.drop();
  await alive(stage, [], 200);
  await done;
  await stage.clock.advance(60_000);
  assert.equal(stage.conference.roomCount, 0);
  assert.deepEqual([stage.pool.status()[0]?.peers, stage.pool.status()[0]?.rooms], [0, 0]);
  assert.equal(stage.engine.workers[0]!.closed, true);
});

test('a worker that dies while its people move takes what is left on it and no more', async () => {
  const stage = await Stage.open(1);
  const [ann, bo] = [await stage.joined('blue', 'Ann'), await stage.joined('blue', 'Bo')];
  const done = rollingOf(stage).run();
  await settle();
  await settle();
  await follow(ann);
  stage.engine.workers[0]!.die();
  await alive(stage, [ann, bo], 200);
  const [report] = await done;
  assert.equal(report?.people, 2);
  assert.equal(ann.events('roomReset').length, 0);
  assert.equal(bo.events('roomReset').length, 1);
  assert.equal(stage.engine.workers.length, 2, 'its successor is there already');
  assert.ok((await ann.produce('microphone', 'audio', 'audio/opus')).ok);
});

test('if the successor does not start, all is as it was', async () => {
  const stage = await Stage.open(1);
  const ann = await stage.joined('blue', 'Ann');
  stage.engine.failures = 1;
  await assert.rejects(rollingOf(stage).run());
  assert.deepEqual(ann.events('moveRequested'), []);
  assert.ok((await stage.client('blue').join({ name: 'Bo' })).ok);
  assert.equal(stage.engine.workers[0]!.closed, false);
});

test('two replacements at a time are refused', async () => {
  const stage = await Stage.open(2);
  const rolling = rollingOf(stage);
  const first = rolling.run();
  await assert.rejects(rolling.run(), { code: 'unavailable' });
  await alive(stage, [], 500);
  assert.equal((await first).length, 2);
  assert.equal(stage.engine.workers.length, 4);
});
