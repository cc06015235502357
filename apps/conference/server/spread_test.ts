// Rooms wider than a worker.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import type { FakeRouter } from '../testing/fake_engine';
import { Stage } from '../testing/stage';
import type { Client } from '../testing/stage';

const kLimits = { maxRooms: 10, maxPeersPerRoom: 50, maxPeers: 100 };

function open(workers: number, spread: number): Promise<Stage> {
  return Stage.open(workers, { spread, limits: kLimits });
}

async function joinInTurn(stage: Stage, count: number, room = 'blue'): Promise<Client[]> {
  const clients = [];
  for (let i = 0; i < count; ++i) clients.push(await stage.joined(room, `Guest ${i}`));
  return clients;
}

function peopleOf(stage: Stage): number[] {
  return stage.pool.status().map(({ peers }) => peers);
}

function routerAt(stage: Stage, worker: number): FakeRouter {
  return [...stage.engine.workers[worker]!.routers][0]!;
}

test('a room takes the next worker when the first has its people, and moves nobody', async () => {
  const stage = await open(3, 4);
  await joinInTurn(stage, 4);
  const router = routerAt(stage, 0);
  assert.deepEqual(peopleOf(stage), [4, 0, 0]);
  await joinInTurn(stage, 5);
  assert.deepEqual(peopleOf(stage), [4, 3, 2]);
  assert.equal(routerAt(stage, 0), router);
  assert.equal(stage.conference.roomCount, 1);
});

test('beyond that people are where there are fewest', async () => {
  const stage = await open(2, 2);
  await joinInTurn(stage, 10);
  assert.deepEqual(peopleOf(stage), [5, 5]);
});

test('a room that takes another worker takes the least loaded one', async () => {
  const stage = await open(3, 2);
  await joinInTurn(stage, 2, 'blue');
  await joinInTurn(stage, 2, 'red');
  await joinInTurn(stage, 1, 'blue');
  assert.deepEqual(peopleOf(stage), [2, 2, 1]);
});

test('small rooms need no pipes', async () => {
  const stage = await open(2, 4);
  const [ann] = await joinInTurn(stage, 4);
  await ann!.produce();
  await settle();
  assert.equal(routerAt(stage, 0).pipes, 0);
  assert.equal(stage.engine.workers[1]!.routers.size, 0);
});

test('a stream reaches everybody, over one pipe for each other worker', async () => {
  const stage = await open(3, 2);
  const clients = await joinInTurn(stage, 6);
  const { id } = (await clients[0]!.produce()).data;
  for (let i = 0; i < 5; ++i) await settle();
  for (const other of clients.slice(1)) {
    assert.deepEqual(
      other.events('newConsumer').map(({ producerId }) => producerId),
      [id],
    );
  }
  assert.equal(routerAt(stage, 0).pipes, 2);
});

test('who comes to another worker is told of all streams at once', async () => {
  const stage = await open(2, 1);
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce('camera', 'video');
  await ann.produce('microphone', 'audio');
  const { data } = await stage.client('blue').join();
  assert.deepEqual(data.consumers.map(({ source }: { source: string }) => source).sort(), [
    'camera',
    'microphone',
  ]);
});

test('mute, unmute and end pass from worker to worker', async () => {
  const stage = await open(2, 1);
  const [ann, bob] = (await joinInTurn(stage, 2)) as [Client, Client];
  const producerId = (await ann.produce()).data.id;
  for (let i = 0; i < 5; ++i) await settle();
  const consumerId = bob.events('newConsumer')[0].id;
  await ann.request('pauseProducer', { producerId });
  assert.deepEqual(bob.events('consumerPaused'), [{ consumerId }]);
  await ann.request('resumeProducer', { producerId });
  assert.deepEqual(bob.events('consumerResumed'), [{ consumerId }]);
  await ann.request('closeProducer', { producerId });
  assert.deepEqual(bob.events('consumerClosed'), [{ consumerId }]);
  assert.equal(routerAt(stage, 1).producers.size, 0);
});

test('a chat reaches those on other workers, and ends with its speaker', async () => {
  const stage = await open(2, 1);
  const [ann, bob] = (await joinInTurn(stage, 2)) as [Client, Client];
  const { data } = await ann.request('produceData', { streamId: 0, purpose: 'chat' });
  for (let i = 0; i < 5; ++i) await settle();
  const [heard] = bob.events('newDataConsumer');
  assert.equal(heard?.dataProducerId, data.id);
  stage.engine.workers[0]!.die();
  await settle();
  assert.deepEqual(bob.events('dataConsumerClosed'), [{ dataConsumerId: heard.id }]);
});

test('the loss of a worker ends what was on it, and the others go on', async () => {
  const stage = await open(3, 1);
  const clients = (await joinInTurn(stage, 3)) as [Client, Client, Client];
  const [ann, bob, eve] = clients;
  for (const client of clients) await client.produce();
  for (let i = 0; i < 5; ++i) await settle();
  const onSecond = [...routerAt(stage, 1).producers.values()];
  stage.engine.workers[0]!.die();
  await settle();

  assert.equal(ann.events('roomReset').length, 1);
  for (const other of [bob, eve]) {
    assert.equal(other.events('roomReset').length, 0);
    assert.equal(other.events('peerLeft').length, 1);
    assert.equal(other.events('consumerClosed').length, 1, 'that of the one who is gone');
  }
  assert.equal(onSecond.filter(({ closed }) => closed).length, 1);
  assert.equal(stage.conference.peerCount, 2);
});

test('those who are lost join the same room again, on the successor', async () => {
  const stage = await open(2, 2);
  const clients = await joinInTurn(stage, 4);
  await clients[0]!.produce();
  stage.engine.workers[1]!.die();
  const lost = clients.slice(2);
  const answers = await Promise.all(lost.map((client) => client.join()));
  assert.deepEqual(
    answers.map(({ data }) => data.consumers.length),
    [1, 1],
  );
  assert.equal(stage.conference.roomCount, 1);
  assert.deepEqual(peopleOf(stage), [2, 2]);
  assert.equal(clients[0]!.events('peerJoined').length, 5);
});

test('a successor that takes its time is not waited for', async () => {
  const stage = await open(2, 1);
  const [, bob] = await joinInTurn(stage, 2);
  stage.engine.gate = new Promise(() => {});
  stage.engine.workers[1]!.die();
  const joining = bob!.join();
  await settle();
  await stage.clock.advance(1000);
  assert.equal((await joining).ok, true);
  assert.deepEqual(peopleOf(stage), [2, 0]);
});

test('a worker that dies under the people of several rooms resets them only', async () => {
  const stage = await open(2, 1);
  const [ann, bob] = (await joinInTurn(stage, 2, 'blue')) as [Client, Client];
  const [eve, joe] = (await joinInTurn(stage, 2, 'red')) as [Client, Client];
  stage.engine.workers[0]!.die();
  await settle();
  const resets = [ann, bob, eve, joe].map((client) => client.events('roomReset').length);
  assert.deepEqual(resets, [1, 0, 1, 0]);
  assert.equal(stage.conference.roomCount, 2);
});

test('the last one out closes all routers of the room', async () => {
  const stage = await open(3, 1);
  const clients = await joinInTurn(stage, 3);
  for (const client of clients) client.socket.drop();
  await settle();
  for (const worker of stage.engine.workers) assert.equal(worker.routers.size, 0);
  assert.deepEqual(
    stage.pool.status().map(({ rooms, peers }) => [rooms, peers]),
    [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

test('a worker that a room needs no more is given back', async () => {
  const stage = await open(2, 1);
  const [, bob] = await joinInTurn(stage, 2);
  bob!.socket.drop();
  await stage.clock.advance(5000);
  assert.deepEqual(
    stage.pool.status().map(({ rooms }) => rooms),
    [1, 0],
  );
  assert.equal(stage.engine.workers[1]!.routers.size, 0);
});

test('who speaks is told to all, whichever worker hears it', async () => {
  const stage = await open(2, 1);
  const ids = [];
  const clients = [];
  for (const name of ['Ann', 'Bob']) {
    const client = stage.client();
    ids.push((await client.join({ name })).data.peerId);
    clients.push(client);
  }
  const [ann, bob] = clients as [Client, Client];
  const sounds = [];
  for (const client of clients) sounds.push((await client.produce('microphone', 'audio')).data.id);
  await settle();
  routerAt(stage, 1).speakerObserver.emit('dominantspeaker', { producer: { id: sounds[1] } });
  for (const client of [ann, bob])
    assert.deepEqual(client.events('activeSpeaker'), [{ peerId: ids[1] }]);

  const levels = [{ producer: { id: sounds[1] }, volume: -20 }];
  routerAt(stage, 1).levelObserver.emit('volumes', levels);
  assert.deepEqual(ann.events('audioLevels'), [{ levels: [{ peerId: ids[1], volume: -20 }] }]);

  routerAt(stage, 1).levelObserver.emit('silence');
  routerAt(stage, 0).speakerObserver.emit('dominantspeaker', { producer: { id: sounds[0] } });
  assert.deepEqual(bob.events('activeSpeaker').pop(), { peerId: ids[0] });
});

test('microphones are observed where they are spoken into, and nowhere else', async () => {
  const stage = await open(2, 1);
  const [ann] = await joinInTurn(stage, 2);
  const { id } = (await ann!.produce('microphone', 'audio')).data;
  for (let i = 0; i < 5; ++i) await settle();
  assert.deepEqual(routerAt(stage, 0).levelObserver.producers, [id]);
  assert.deepEqual(routerAt(stage, 1).levelObserver.producers, []);
});
