import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Stage } from '../testing/stage';
import type { Client } from '../testing/stage';
import { kMaxLanes, kMaxLanesToOne } from './peer_data';

const kTopic = '0123456789abcdef0123456789abcdef';

function openChat(client: Client) {
  return client.request('produceData', { streamId: 0, purpose: 'chat' });
}

function openLane(client: Client, peerId: string, streamId = 1) {
  return client.request('produceData', { streamId, purpose: 'lane', peerId, topic: kTopic });
}

async function twoPeople() {
  const stage = await Stage.open();
  const ann = await stage.joined('blue', 'Ann');
  const bob = stage.client('blue');
  const { data } = await bob.join({ name: 'Bob' });
  return { stage, ann, bob, bobId: data.peerId as string };
}

const routerOf = (stage: Stage) => [...stage.engine.workers[0]!.routers][0]!;

test('a chat is heard by everybody else and not by its speaker', async () => {
  const { stage, ann, bob } = await twoPeople();
  const cleo = await stage.joined('blue', 'Cleo');
  await openChat(ann);
  for (const other of [bob, cleo]) {
    assert.equal(other.events('newDataConsumer')[0]?.purpose, 'chat');
  }
  assert.equal(ann.events('newDataConsumer').length, 0);
});

test('whoever joins later hears the chats that are there', async () => {
  const { stage, ann } = await twoPeople();
  const { data } = await openChat(ann);
  const answer = await stage.client('blue').join({ name: 'Cleo' });
  const heard = answer.data.dataConsumers.map((one: any) => one.dataProducerId);
  assert.deepEqual(heard, [data.id]);
});

test('nothing flows before the page asks for it', async () => {
  const { stage, ann, bob } = await twoPeople();
  const { data } = await openChat(ann);
  const consumer = [...routerOf(stage).dataProducers.get(data.id)!.consumers][0]!;
  assert.equal(consumer.paused, true);
  await bob.request('resumeDataConsumers', {
    dataConsumerIds: [bob.events('newDataConsumer')[0].id],
  });
  assert.equal(consumer.paused, false);
});

test('a person has one chat', async () => {
  const { ann } = await twoPeople();
  await openChat(ann);
  assert.equal((await openChat(ann)).error?.code, 'bad_request');
});

test('a chat that was closed can be opened again', async () => {
  const { ann, bob } = await twoPeople();
  const { data } = await openChat(ann);
  await ann.request('closeDataProducer', { dataProducerId: data.id });
  assert.equal(bob.events('dataConsumerClosed').length, 1);
  assert.equal((await openChat(ann)).ok, true);
});

test('a lane is known to one person only', async () => {
  const { stage, ann, bob, bobId } = await twoPeople();
  const cleo = await stage.joined('blue', 'Cleo');
  await openLane(ann, bobId);
  const [told] = bob.events('newDataConsumer');
  assert.deepEqual([told.purpose, told.topic], ['lane', kTopic]);
  assert.equal(cleo.events('newDataConsumer').length, 0);
});

test('a lane leads to somebody else of this room', async () => {
  const { stage, ann } = await twoPeople();
  const answer = await stage.client('red').join();
  for (const peerId of ['nobody', answer.data.peerId]) {
    assert.equal((await openLane(ann, peerId)).error?.code, 'not_found');
  }
});

test('lanes to one person are bounded, and closing one makes room', async () => {
  const { ann, bobId } = await twoPeople();
  const lanes = [];
  for (let i = 0; i < kMaxLanesToOne; ++i) lanes.push((await openLane(ann, bobId, i)).data.id);
  assert.equal((await openLane(ann, bobId)).error?.code, 'too_many_requests');
  await ann.request('closeDataProducer', { dataProducerId: lanes[0] });
  assert.equal((await openLane(ann, bobId)).ok, true);
});

test('all lanes of one person are bounded', async () => {
  const { stage, ann, bobId } = await twoPeople();
  const others = [bobId];
  for (const name of ['Cleo', 'Dan']) {
    others.push((await stage.client('blue').join({ name })).data.peerId);
  }
  const answers = [];
  for (const peerId of others) {
    for (let i = 0; i < kMaxLanesToOne; ++i) answers.push(await openLane(ann, peerId, i));
  }
  assert.equal(answers.filter(({ ok }) => ok).length, kMaxLanes);
});

test('a lane ends when its sender leaves', async () => {
  const { ann, bob, bobId } = await twoPeople();
  await openLane(ann, bobId);
  await ann.request('leave');
  const [{ id }] = bob.events('newDataConsumer');
  assert.deepEqual(bob.events('dataConsumerClosed'), [{ dataConsumerId: id }]);
});

test('streams are taken in turn, so that none is used again while it is being reset', async () => {
  const { ann, bob, bobId } = await twoPeople();
  for (let i = 0; i < 3; ++i) {
    const { data } = await openLane(ann, bobId);
    await ann.request('closeDataProducer', { dataProducerId: data.id });
  }
  const streams = bob.events('newDataConsumer').map(({ streamId }) => streamId);
  assert.deepEqual(streams, [0, 1, 2]);
});

test('a lane without a recipient, and a chat with one, are refused', async () => {
  const { ann, bobId } = await twoPeople();
  for (const wrong of [
    { streamId: 0, purpose: 'lane' },
    { streamId: 0, purpose: 'chat', peerId: bobId },
    { streamId: 1024, purpose: 'chat' },
    { streamId: 0, purpose: 'lane', peerId: bobId, topic: '<b>' },
  ]) {
    assert.equal((await ann.request('produceData', wrong)).error?.code, 'bad_request');
  }
});

test('nobody closes what another one opened', async () => {
  const { ann, bob } = await twoPeople();
  const { data } = await openChat(ann);
  const answer = await bob.request('closeDataProducer', { dataProducerId: data.id });
  assert.equal(answer.error?.code, 'not_found');
});
