import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { FakeConsumer, FakeProducer, FakeRouter } from '../testing/fake_engine';
import { settle } from '../testing/fake_clock';
import { rtpParameters, Stage } from '../testing/stage';
import type { Client } from '../testing/stage';
import { layerShape } from './layer_shape';

const kSimulcast = [4, 2, 1].map((scaleResolutionDownBy, at) => ({
  rid: `r${at}`,
  scaleResolutionDownBy,
  scalabilityMode: 'L1T3',
}));

function routerOf(stage: Stage): FakeRouter {
  return [...stage.engine.workers[0]!.routers][0]!;
}

async function watched(stage?: Stage) {
  stage ??= await Stage.open();
  const ann = await stage.joined('blue', 'Ann');
  const bob = await stage.joined('blue', 'Bob');
  const data = {
    source: 'camera',
    kind: 'video',
    rtpParameters: { ...rtpParameters(), encodings: kSimulcast },
    paused: false,
    capture: { width: 1280, height: 720 },
  };
  const producerId: string = (await ann.request('produce', data)).data.id;
  await settle();
  const producer: FakeProducer = routerOf(stage).producers.get(producerId)!;
  const consumer: FakeConsumer = [...producer.consumers][0]!;
  return { stage, ann, bob, producerId, producer, consumer };
}

function wish(consumer: FakeConsumer, changes: object = {}) {
  const consumerId = consumer.id;
  const usual = { spatialLayer: 1, temporalLayer: 2, priority: 32, paused: false };
  return { consumers: [{ consumerId, ...usual, ...changes }] };
}

async function speak(stage: Stage, client: Client): Promise<string> {
  const { id } = (await client.produce('microphone', 'audio')).data;
  routerOf(stage).speakerObserver.emit('dominantspeaker', { producer: { id } });
  return id;
}

test('simulcast is ranked by size, whatever the order of the encodings', () => {
  const encodings = [...kSimulcast].reverse();
  assert.deepEqual(layerShape(encodings), { scales: [4, 2, 1], temporalLayers: 3 });
  assert.deepEqual(layerShape([{ scaleResolutionDownBy: 3 }, {}]).scales, [3, 1]);
});

test('the sizes within one stream follow from its mode', () => {
  assert.deepEqual(layerShape([{ scalabilityMode: 'L3T2_KEY' }]), {
    scales: [4, 2, 1],
    temporalLayers: 2,
  });
  assert.deepEqual(layerShape([{ scalabilityMode: 'L2T1h' }]).scales, [1.5, 1]);
  const scaled = { scalabilityMode: 'L2T1', scaleResolutionDownBy: 2 };
  assert.deepEqual(layerShape([scaled]).scales, [4, 2]);
});

test('a stream that declares nothing has one layer', () => {
  for (const encodings of [[], [{}], [{ scalabilityMode: 'odd' }]]) {
    assert.deepEqual(layerShape(encodings), { scales: [1], temporalLayers: 1 });
  }
});

test('who is to receive a picture is told its sizes', async () => {
  const { bob } = await watched();
  const [{ shape, capture }] = bob.events('newConsumer');
  assert.deepEqual(shape, { scales: [4, 2, 1], temporalLayers: 3 });
  assert.deepEqual(capture, { width: 1280, height: 720 });
});

test('sound has no layers', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined();
  await ann.produce('microphone', 'audio');
  await settle();
  assert.equal(bob.events('newConsumer')[0].shape, null);
});

test('another camera tells its size to those who watch and to those who come', async () => {
  const { stage, ann, bob, producerId } = await watched();
  await ann.request('setCapture', { producerId, width: 640, height: 480 });
  assert.deepEqual(bob.events('captureChanged'), [{ producerId, width: 640, height: 480 }]);
  assert.equal(ann.events('captureChanged').length, 0);
  const { data } = await stage.client().join();
  assert.deepEqual(data.consumers[0].capture, { width: 640, height: 480 });
});

test('nobody tells the size of another person’s camera', async () => {
  const { bob, producerId } = await watched();
  const answer = await bob.request('setCapture', { producerId, width: 9, height: 9 });
  assert.equal(answer.error?.code, 'not_found');
});

test('the layers a page asks for reach the engine, and only what is new', async () => {
  const { bob, consumer } = await watched();
  await bob.request('setPreferredLayers', wish(consumer));
  await bob.request('setPreferredLayers', wish(consumer));
  await bob.request('setPreferredLayers', wish(consumer, { spatialLayer: 2, priority: 96 }));
  assert.deepEqual(consumer.commands, [
    'setPreferredLayers 1.2',
    'setPriority 32',
    'setPreferredLayers 2.2',
    'setPriority 96',
  ]);
});

test('layers that are asked for before the decoder stands do not start the stream', async () => {
  const { bob, consumer } = await watched();
  await bob.request('setPreferredLayers', wish(consumer));
  assert.equal(consumer.paused, true);
  await bob.request('resumeConsumers', { consumerIds: [consumer.id] });
  assert.equal(consumer.paused, false);
});

test('a stream out of sight is paused, and flows when it is seen again', async () => {
  const { bob, consumer } = await watched();
  await bob.request('setPreferredLayers', wish(consumer, { paused: true }));
  await bob.request('resumeConsumers', { consumerIds: [consumer.id] });
  assert.equal(consumer.paused, true, 'out of sight from the start');
  await bob.request('setPreferredLayers', wish(consumer));
  assert.equal(consumer.paused, false);
  await bob.request('setPreferredLayers', wish(consumer, { paused: true }));
  assert.equal(consumer.paused, true);
});

test('nobody steers the streams of another person, and one that ended is no error', async () => {
  const { ann, consumer } = await watched();
  assert.equal((await ann.request('setPreferredLayers', wish(consumer))).ok, true);
  assert.deepEqual(consumer.commands, []);
});

test('an engine that knows no layers is told of once, and the room goes on', async () => {
  const stage = await Stage.open();
  stage.engine.workers[0]!.knowsNoLayers = true;
  const { bob, consumer } = await watched(stage);
  for (const spatialLayer of [0, 1, 2]) {
    const answer = await bob.request('setPreferredLayers', wish(consumer, { spatialLayer }));
    assert.equal(answer.ok, true);
  }
  assert.equal(stage.lines.filter((line) => line.includes('not watched as asked')).length, 1);
  await bob.request('resumeConsumers', { consumerIds: [consumer.id] });
  assert.equal(consumer.paused, false);
});

test('a change of layers is passed on with its reason', async () => {
  const { ann, bob, consumer } = await watched();
  consumer.change({ spatialLayer: 0, temporalLayer: 1 }, 'bandwidthDown');
  consumer.change(undefined, 'pausedNoBandwidth');
  const consumerId = consumer.id;
  assert.deepEqual(bob.events('layersChanged'), [
    { consumerId, layers: { spatialLayer: 0, temporalLayer: 1 }, reason: 'bandwidthDown' },
    { consumerId, layers: null, reason: 'pausedNoBandwidth' },
  ]);
  assert.equal(ann.events('layersChanged').length, 0);
});

test('scores go to whom they concern', async () => {
  const { ann, bob, consumer, producer, producerId } = await watched();
  consumer.emit('score', { score: 7, producerScore: 9, producerScores: [9] });
  producer.emit('score', [{ score: 9 }, { score: 0 }]);
  const consumerId = consumer.id;
  assert.deepEqual(bob.events('consumerScore'), [{ consumerId, score: 7, producerScore: 9 }]);
  assert.deepEqual(ann.events('producerScore'), [{ producerId, scores: [9, 0] }]);
});

test('a sender hears what of its picture is watched, and nobody else does', async () => {
  const { ann, bob, producer, producerId } = await watched();
  producer.want({ spatialLayer: 0, temporalLayer: 2 }, [true, false, false]);
  producer.want(undefined, [false, false, false]);
  assert.deepEqual(ann.events('wantedLayers'), [
    {
      producerId,
      layers: { spatialLayer: 0, temporalLayer: 2 },
      encodings: [true, false, false],
    },
    { producerId, layers: null, encodings: [false, false, false] },
  ]);
  assert.equal(bob.events('wantedLayers').length, 0);
});

test('what the engine said before anybody listened is not lost', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  stage.engine.workers[0]!.nobodyWatches = true;
  const producerId = (await ann.produce()).data.id;
  assert.deepEqual(ann.events('wantedLayers'), [{ producerId, layers: null, encodings: [false] }]);
});

test('everybody hears who has the floor, and who comes is told', async () => {
  const stage = await Stage.open();
  const ann = stage.client();
  const peerId = (await ann.join()).data.peerId;
  const bob = await stage.joined('blue', 'Bob');
  await speak(stage, ann);
  assert.deepEqual(bob.events('activeSpeaker'), [{ peerId }]);
  assert.deepEqual(ann.events('activeSpeaker'), [{ peerId }]);
  assert.equal((await stage.client().join()).data.activeSpeaker, peerId);
});

test('a speaker who leaves has the floor no more', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const bob = await stage.joined('blue', 'Bob');
  await speak(stage, ann);
  ann.socket.drop();
  await settle();
  assert.equal((await stage.client().join()).data.activeSpeaker, null);
  assert.equal(bob.events('peerLeft').length, 1);
});

test('only microphones are listened to', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const { id } = (await ann.produce('microphone', 'audio')).data;
  await ann.produce('screen-audio', 'audio');
  await ann.produce('camera', 'video');
  const { speakerObserver, levelObserver } = routerOf(stage);
  assert.deepEqual(speakerObserver.producers, [id]);
  assert.deepEqual(levelObserver.producers, [id]);
});

test('levels are told by person, the loudest first, and silence is the end of them', async () => {
  const stage = await Stage.open();
  const ann = stage.client();
  const peerId = (await ann.join()).data.peerId;
  const bob = await stage.joined('blue', 'Bob');
  const { id } = (await ann.produce('microphone', 'audio')).data;
  const { levelObserver } = routerOf(stage);
  const gone = { producer: { id: 'one-that-ended' }, volume: -3 };
  levelObserver.emit('volumes', [gone, { producer: { id }, volume: -20 }]);
  levelObserver.emit('silence');
  assert.deepEqual(bob.events('audioLevels'), [
    { levels: [{ peerId, volume: -20 }] },
    { levels: [] },
  ]);
});

test('a room without observers is a room', async () => {
  const stage = await Stage.open();
  stage.engine.workers[0]!.knowsNoObservers = true;
  const ann = await stage.joined();
  assert.equal((await ann.produce('microphone', 'audio')).ok, true);
  assert.ok(stage.lines.some((line) => line.includes('speakers are not observed')));
});

test('the line of a page is described from both of its transports', async () => {
  const stage = await Stage.open();
  const ann = await stage.joined();
  const [sending, receiving] = [...routerOf(stage).transports];
  sending!.stats = { recvBitrate: 1000, sendBitrate: 5 };
  receiving!.stats = {
    recvBitrate: 6,
    sendBitrate: 2000,
    availableOutgoingBitrate: 3000,
    desiredOutgoingBitrate: 4000,
    bandwidthReason: 'lossDown',
  };
  assert.deepEqual((await ann.request('getConnectionStats')).data, {
    availableBitrate: 3000,
    desiredBitrate: 4000,
    sentBitrate: 2000,
    probationBitrate: 0,
    bandwidthReason: 'lossDown',
    queueMs: null,
    roundTripTime: null,
    receivedBitrate: 1000,
  });
});
