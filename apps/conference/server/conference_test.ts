import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';

test('a second person hears of the first and of what is sent', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined('blue', 'Ann');
  await ann.produce();
  const bob = stage.client('blue');
  const { data } = await bob.join({ name: 'Bob' });

  assert.deepEqual(
    data.peers.map((peer: { name: string }) => peer.name),
    ['Ann'],
  );
  assert.equal(data.consumers.length, 1);
  assert.equal(data.consumers[0].source, 'camera');
  assert.equal(data.consumers[0].peerId, data.peers[0].id);
  assert.deepEqual(
    ann.events('peerJoined').map(({ name }) => name),
    ['Bob'],
  );
});

test('consumers start paused and flow once they are asked for', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  await ann.produce();
  const bob = stage.client();
  const { data } = await bob.join();
  const [router] = [...stage.engine.workers[0]!.routers];
  const [producer] = [...router!.producers.values()];
  const [consumer] = [...producer!.consumers];

  assert.equal(consumer!.paused, true);
  const consumerIds = [data.consumers[0].id, 'one-that-ended'];
  assert.equal((await bob.request('resumeConsumers', { consumerIds })).ok, true);
  assert.equal(consumer!.paused, false);
});

test('a stream started later reaches those who are there, once', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  const { data } = await ann.produce('microphone', 'audio');
  await settle();

  assert.deepEqual(
    bob.events('newConsumer').map(({ producerId }) => producerId),
    [data.id],
  );
  assert.equal(ann.events('newConsumer').length, 0);
});

test('mute, unmute and end of a stream are passed on', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  const producerId = (await ann.produce()).data.id;
  await settle();
  const consumerId = bob.events('newConsumer')[0].id;

  await ann.request('pauseProducer', { producerId });
  assert.deepEqual(bob.events('consumerPaused'), [{ consumerId }]);
  await ann.request('resumeProducer', { producerId });
  assert.deepEqual(bob.events('consumerResumed'), [{ consumerId }]);
  await ann.request('closeProducer', { producerId });
  assert.deepEqual(bob.events('consumerClosed'), [{ consumerId }]);
  assert.equal((await ann.request('closeProducer', { producerId })).error?.code, 'not_found');
  assert.equal((await ann.produce()).ok, true, 'the source is free again');
});

test('who has joined is told of the ICE servers', async () => {
  const iceServers = [{ urls: ['turn:turn.example.org'], username: 'u', credential: 'c' }];
  const stage = await Stage.open(1, { iceServers });
  assert.deepEqual((await stage.client().join()).data.iceServers, iceServers);
  const none = await Stage.open();
  assert.deepEqual((await none.client().join()).data.iceServers, []);
});

test('one person sends each source once', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const [first, second] = await Promise.all([ann.produce(), ann.produce()]);
  assert.equal(first.ok, true);
  assert.equal(second.error?.code, 'bad_request');
});

test('a refused codec is an answer and frees the source', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const refused = await ann.produce('camera', 'video', 'video/none');
  assert.match(refused.error?.message ?? '', /unsupported codec/);
  assert.equal((await ann.produce()).ok, true);
});

test('nobody can touch the streams and transports of another person', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = stage.client();
  const { data } = await bob.join();
  const producerId = (await ann.produce()).data.id;
  const transportId = data.sendTransport.id;

  assert.equal((await bob.request('closeProducer', { producerId })).error?.code, 'not_found');
  assert.equal((await ann.request('restartIce', { transportId })).error?.code, 'not_found');
});

test('a closed tab is gone at once and its streams with it', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = stage.client();
  const { data } = await bob.join();
  await bob.produce();
  await settle();
  bob.socket.drop();

  assert.deepEqual(ann.events('peerLeft'), [{ peerId: data.peerId }]);
  assert.equal(ann.events('consumerClosed').length, 1);
  assert.equal(stage.conference.peerCount, 1);
});

test('the last one out closes the room and its router', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const router = [...stage.engine.workers[0]!.routers][0]!;
  ann.socket.drop();
  await settle();

  assert.equal(stage.conference.roomCount, 0);
  assert.equal(router.closed, true);
  const [worker] = stage.pool.status();
  assert.deepEqual([worker!.alive, worker!.rooms, worker!.peers], [true, 0, 0]);
  assert.equal(worker!.restarts, 0);
});

test('leave and join again on one socket', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  assert.equal((await ann.request('leave')).ok, true);
  assert.equal(stage.conference.peerCount, 0);
  assert.equal((await ann.produce()).error?.code, 'not_joined');
  assert.equal((await ann.join()).ok, true);
  assert.equal((await ann.join()).error?.code, 'bad_request', 'but not twice');
});

test('a reconnecting tab replaces its own ghost and nobody else', async () => {
  const stage = await Stage.open();
  const bob = await stage.joined('blue', 'Bob');
  const ghost = stage.client('blue');
  const first = await ghost.join({ name: 'Ann' });
  const ann = stage.client('blue', ghost.session);
  const second = await ann.join({ name: 'Ann' });

  assert.equal(second.ok, true);
  assert.equal(ghost.socket.closedWith, 4001);
  assert.deepEqual(bob.events('peerLeft'), [{ peerId: first.data.peerId }]);
  assert.equal(stage.conference.peerCount, 2);
});

test('a session does not reach into another room', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined('blue');
  const other = stage.client('green', ann.session);
  assert.equal((await other.join()).ok, true);
  assert.equal(ann.socket.closedWith, null);
});

test('a full room refuses, also when two want the last seat at once', async () => {
  const stage = await Stage.open(1, {
    limits: { maxRooms: 10, maxPeersPerRoom: 2, maxPeers: 20 },
  });
  await stage.joined();
  const answers = await Promise.all([stage.client().join(), stage.client().join()]);
  assert.deepEqual(answers.map(({ ok }) => ok).sort(), [false, true]);
  const refused = answers.find(({ ok }) => !ok);
  assert.equal(refused?.error?.code, 'room_full');
  assert.match(refused?.error?.message ?? '', /full \(2 people\)/);
});

test('a full server refuses and recovers when somebody leaves', async () => {
  const limits = { maxRooms: 10, maxPeersPerRoom: 5, maxPeers: 2 };
  const stage = await Stage.open(1, { limits });
  const ann = await stage.joined('blue');
  const answers = await Promise.all([stage.client('red').join(), stage.client('green').join()]);
  assert.equal(answers.filter(({ error }) => error?.code === 'server_full').length, 1);
  ann.socket.drop();
  assert.equal((await stage.client('pink').join()).ok, true);
});

test('the number of rooms is bounded', async () => {
  const limits = { maxRooms: 1, maxPeersPerRoom: 5, maxPeers: 20 };
  const stage = await Stage.open(1, { limits });
  await stage.joined('blue');
  assert.equal((await stage.client('red').join()).error?.code, 'rooms_full');
  assert.equal((await stage.client('blue').join()).ok, true);
});

test('a page from before an update is told to reload', async () => {
  const stage = await Stage.open();
  const answer = await stage.client().join({ revision: 'r0' });
  assert.equal(answer.error?.code, 'capabilities_changed');
  assert.equal(stage.conference.roomCount, 0);
});

test('the death of a worker ends its rooms only, and their people can join at once', async () => {
  const stage = await Stage.open(2);
  const ann = await stage.joined('blue', 'Ann');
  const bob = await stage.joined('blue', 'Bob');
  const eve = await stage.joined('red', 'Eve');
  const [first] = stage.engine.workers;
  assert.equal(first!.routers.size, 1, 'the two rooms live on different workers');
  first!.die();
  await settle();

  assert.equal(ann.events('roomReset').length, 1);
  assert.equal(bob.events('roomReset').length, 1);
  assert.equal(eve.events('roomReset').length, 0);
  assert.equal(stage.engine.workers.length, 3, 'the successor is there without waiting');
  assert.equal((await ann.produce()).error?.code, 'not_joined');

  const again = await Promise.all([ann.join({ name: 'Ann' }), bob.join({ name: 'Bob' })]);
  assert.deepEqual(
    again.map(({ ok }) => ok),
    [true, true],
  );
  assert.equal(stage.conference.roomCount, 2);
  assert.equal(stage.conference.peerCount, 3);
});

test('a worker that dies while somebody joins answers with a reason to retry', async () => {
  const stage = await Stage.open(1);
  const [worker] = stage.engine.workers;
  let open = () => {};
  worker!.gate = new Promise((resolve) => (open = resolve));
  const ann = stage.client();
  const joining = ann.join();
  await settle();
  worker!.die();
  open();
  assert.equal((await joining).error?.code, 'unavailable');
  assert.equal(stage.conference.peerCount, 0);
  assert.equal((await ann.join()).ok, true);
});

test('a tab closed in the middle of its join leaves nothing behind', async () => {
  const stage = await Stage.open(1);
  const [worker] = stage.engine.workers;
  let open = () => {};
  worker!.gate = new Promise((resolve) => (open = resolve));
  const ann = stage.client();
  const joining = ann.join().catch(() => null);
  await settle();
  ann.socket.drop();
  open();
  await joining;

  assert.equal(stage.conference.peerCount, 0);
  assert.equal(stage.conference.roomCount, 0);
  assert.equal(worker!.routers.size, 0);
});

test('trouble on the path of one person is shown to the others', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  const [router] = [...stage.engine.workers[0]!.routers];
  const [sending, receiving] = [...router!.transports];
  sending!.emit('icestatechange', 'connected');
  receiving!.emit('icestatechange', 'completed');
  sending!.emit('icestatechange', 'disconnected');
  sending!.emit('icestatechange', 'connected');

  const states = bob.events('peerLink').map(({ state }) => state);
  assert.deepEqual(states, ['connected', 'disconnected', 'connected']);
  assert.equal(ann.events('peerLink').length, 0);
});
