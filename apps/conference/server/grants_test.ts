import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { kSources } from '../protocol/messages';
import type { Method } from '../protocol/messages';
import { rtpParameters, Stage } from '../testing/stage';
import type { Client } from '../testing/stage';
import { kNeeds } from './grants';
import type { Need } from './grants';
import type { PeerMethod } from './peer';
import { TokenVerifier } from './tokens';

const kSecret = '0123456789abcdef0123456789abcdef';

function token(grants: string[]): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const claims = { aud: 'sluice-conference', room: 'blue', exp, grants };
  const parts = [{ alg: 'HS256' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', kSecret).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

async function enter(stage: Stage, grants: string[]): Promise<{ client: Client; answer: any }> {
  const client = stage.client('blue');
  const answer = await client.join({ token: token(grants) });
  assert.ok(answer.ok, JSON.stringify(answer));
  return { client, answer: answer.data };
}

function open(): Promise<Stage> {
  return Stage.open(1, { tokens: new TokenVerifier([kSecret]) });
}

const kDtls = { fingerprints: [{ algorithm: 'sha-256', value: 'AA:BB' }] };
const kWish = { spatialLayer: 0, temporalLayer: 0, priority: 1, paused: false };

// A well-formed request of each kind; what it names need not exist, because grants come first.
function requestOf(method: PeerMethod, transportId: string): object {
  const id = 'x';
  const all: Record<PeerMethod, object> = {
    connectTransport: { transportId, dtlsParameters: kDtls },
    restartIce: { transportId },
    negotiate: { type: 'offer', sdp: '' },
    addCandidate: { candidate: '', sdpMid: null, sdpMLineIndex: null },
    getConnectionStats: {},
    produce: { source: 'camera', kind: 'video', rtpParameters: rtpParameters(), paused: false },
    setCapture: { producerId: id, width: 1, height: 1 },
    pauseProducer: { producerId: id },
    resumeProducer: { producerId: id },
    closeProducer: { producerId: id },
    resumeConsumers: { consumerIds: [id] },
    setPreferredLayers: { consumers: [{ consumerId: id, ...kWish }] },
    requestKeyFrame: { consumerId: id },
    resumeDataConsumers: { dataConsumerIds: [id] },
    produceData: { streamId: 0, purpose: 'chat' },
    closeDataProducer: { dataProducerId: id },
  };
  return all[method];
}

const kWords: Need[] = ['join', 'publish', 'subscribe', 'publishData'];

for (const [method, need] of Object.entries(kNeeds) as [PeerMethod, Need][]) {
  test(`${method} is granted by ${need} and by nothing else`, async () => {
    const stage = await open();
    for (const word of [...kWords, 'admin']) {
      const { client, answer } = await enter(stage, [word]);
      const data = requestOf(method, answer.sendTransport.id);
      const { error } = await client.request(method as Method, data);
      const granted = need === 'join' || word === need;
      assert.equal(error?.code === 'forbidden', !granted, `${word}: ${error?.code}`);
      if (!granted) assert.match(error?.message ?? '', /^Your invitation does not let you /);
    }
  });
}

for (const source of kSources) {
  test(`publish:${source} lets nothing else be sent`, async () => {
    const { client } = await enter(await open(), [`publish:${source}`]);
    for (const other of kSources) {
      const kind = other === 'camera' || other === 'screen' ? 'video' : 'audio';
      const mimeType = kind === 'video' ? 'video/VP8' : 'audio/opus';
      const { error } = await client.produce(other, kind, mimeType);
      assert.equal(error?.code === 'forbidden', other !== source, `${other}: ${error?.message}`);
    }
  });
}

test('who may not subscribe is sent neither streams nor words, now or later', async () => {
  const stage = await open();
  const { client: ann } = await enter(stage, ['publish', 'publishData']);
  await ann.produce();
  await ann.request('produceData', { streamId: 0, purpose: 'chat' });
  const { client: bo, answer } = await enter(stage, ['publish', 'publishData']);
  assert.deepEqual([answer.consumers, answer.dataConsumers], [[], []]);
  assert.equal(answer.peers.length, 1);
  await bo.produce();
  await bo.request('produceData', { streamId: 0, purpose: 'chat' });
  assert.deepEqual([ann.events('newConsumer'), ann.events('newDataConsumer')], [[], []]);
  const lane = { streamId: 1, purpose: 'lane', peerId: answer.peers[0].id, topic: 'a'.repeat(32) };
  assert.equal((await bo.request('produceData', lane)).error?.code, 'not_found');
  const { answer: watching } = await enter(stage, ['subscribe']);
  assert.deepEqual([watching.consumers.length, watching.dataConsumers.length], [2, 2]);
});

test('the answer to a join tells what is granted', async () => {
  const { answer } = await enter(await open(), ['publish:microphone', 'subscribe']);
  const grants = { publish: ['microphone'], subscribe: true, publishData: false, admin: false };
  assert.deepEqual(answer.grants, grants);
});
