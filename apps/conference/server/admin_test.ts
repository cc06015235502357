import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { ortc } from '@sluice/sdk';

import { ask } from '../testing/ask';
import type { Answer } from '../testing/ask';
import { settle } from '../testing/fake_clock';
import { viewerOffer } from '../testing/offers';
import { Stage } from '../testing/stage';
import type { StageOptions } from '../testing/stage';
import { kEndpoints } from './admin';
import { adminRoute } from './admin_route';
import { ServerDrain } from './drain';
import { createHandler } from './http';
import { mediaCodecs } from './media_codecs';
import { RollingRestart } from './rolling';
import { TokenVerifier } from './tokens';
import type { WhipFrontDoor } from './whip/front_door';
import { createWhip } from './whip/whip';

const kSecret = 'a'.repeat(32);
const kTokenSecret = 't'.repeat(32);

function tokenFor(claims: object): string {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const all = { aud: 'sluice-conference', exp, ...claims };
  const parts = [{ alg: 'HS256' }, all].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const signature = createHmac('sha256', kTokenSecret).update(parts.join('.')).digest('base64url');
  return [...parts, signature].join('.');
}

class Office {
  readonly drain: ServerDrain;
  readonly whip: WhipFrontDoor;
  private readonly handler;

  private constructor(readonly stage: Stage) {
    const { conference, pool, clock, log } = stage;
    this.drain = new ServerDrain({ conference, timeoutMs: 60_000, clock, log });
    const routerRtpCapabilities = ortc.generateRouterRtpCapabilities(mediaCodecs()) as never;
    this.whip = createWhip({
      options: { iceServers: [], corsOrigins: [], maxWhipSessions: 20 },
      ...{ conference, clock, log, routerRtpCapabilities, revision: 'r1', tokens: null },
    });
    const rolling = new RollingRestart(pool, conference, clock);
    const webhookCounters = () => null;
    const { drain, whip } = this;
    const parts = { conference, pool, rolling, drain, webhookCounters, whip };
    const tokens = new TokenVerifier([kTokenSecret]);
    const route = adminRoute({ parts, secrets: ['old'.repeat(11), kSecret], tokens, clock });
    this.handler = createHandler(new Map(), [route], log);
  }

  static async open(workers = 1, options: StageOptions = {}): Promise<Office> {
    return new Office(await Stage.open(workers, options));
  }

  // A body goes as JSON; a text as it is.
  ask(line: string, body: object | string = '', bearer: string | null = kSecret): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ');
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
    return ask(this.handler, `/admin/${path}`, { method, headers, body: text });
  }
}

test('viewers are listed with whom they watch, and one is removed for good', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined('blue', 'Ann');
  await ann.produce();
  await office.stage.joined('red', 'Bo');
  const watch = async (query: string) => {
    const { headers } = await office.whip.handle({
      ...{ method: 'POST', path: '/whep/blue/Ann', address: '192.0.2.1' },
      headers: { 'content-type': 'application/sdp' },
      query: new URLSearchParams(query),
      body: async () => viewerOffer(),
    });
    return String(headers.Location);
  };
  const location = await watch('name=Wall');
  await watch('');
  const { people, viewers } = (await office.ask('GET rooms/blue')).json;
  const [{ id, since, ...wall }, other] = viewers;
  const watched = { participant: people[0].id, source: 'camera', connected: false };
  assert.deepEqual(wall, { name: 'Wall', ...watched });
  assert.ok(Date.parse(since) > 0);
  assert.equal(other.name, null);
  assert.ok(!location.includes(id), 'the address of a session is for its owner');
  assert.equal((await office.ask('GET rooms')).json.rooms[0].viewers, 2);
  const remove = (room: string) => office.ask(`POST rooms/${room}/viewers/${id}/remove`);
  assert.equal((await remove('red')).status, 404, 'of this room only');
  assert.deepEqual((await remove('blue')).json, { removed: 1 });
  assert.equal((await remove('blue')).status, 404);
  assert.equal((await office.ask('GET rooms/blue')).json.viewers.length, 1);
  assert.deepEqual(office.whip.counts().ended, { 'removed by a moderator': 1 });
});

test('rooms and people are listed with what they send', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined('blue', 'Ann');
  await ann.produce();
  await office.stage.joined('red', 'Bo');
  const { rooms } = (await office.ask('GET rooms')).json;
  assert.deepEqual(rooms, [
    { name: 'blue', people: 1, viewers: 0, workers: [0] },
    { name: 'red', people: 1, viewers: 0, workers: [0] },
  ]);
  const { people } = (await office.ask('GET rooms/blue')).json;
  assert.equal(people[0].name, 'Ann');
  assert.deepEqual(people[0].sources, [{ source: 'camera', kind: 'video', paused: false }]);
  assert.equal((await office.ask('GET rooms/green')).status, 404);
});

test('a muted source is paused and its owner is told; it may be turned on again', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined('blue', 'Ann');
  const { data } = await ann.produce('microphone', 'audio', 'audio/opus');
  const [person] = (await office.ask('GET rooms/blue')).json.people;
  const place = `rooms/blue/people/${person.id}`;
  const muted = await office.ask(`POST ${place}/mute`, { source: 'microphone' });
  assert.equal(muted.status, 200);
  assert.equal(muted.json.sources[0].paused, true);
  assert.deepEqual(ann.events('sourceMuted'), [{ source: 'microphone', muted: true, held: false }]);
  assert.ok((await ann.request('resumeProducer', { producerId: data.id })).ok);
});

test('a source that is held stays off, also when it is sent anew, until it is released', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined('blue', 'Ann');
  const { data } = await ann.produce();
  const [person] = (await office.ask('GET rooms/blue')).json.people;
  const place = `rooms/blue/people/${person.id}`;
  await office.ask(`POST ${place}/mute`, { source: 'camera', hold: true });
  const resumed = await ann.request('resumeProducer', { producerId: data.id });
  assert.equal(resumed.error?.code, 'forbidden');
  await ann.request('closeProducer', { producerId: data.id });
  const again = await ann.produce();
  const seen = (await office.ask('GET rooms/blue')).json.people[0];
  assert.deepEqual([seen.sources[0].paused, seen.held], [true, ['camera']]);
  await office.ask(`POST ${place}/unmute`, { source: 'camera' });
  assert.ok((await ann.request('resumeProducer', { producerId: again.data.id })).ok);
  assert.deepEqual(
    ann.events('sourceMuted').map(({ held }) => held),
    [true, false],
  );
});

test('a source that is held while it is being made is paused once it is there', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined('blue', 'Ann');
  let open = () => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const [router] = office.stage.engine.workers[0]!.routers;
  for (const transport of router!.transports) {
    const produce = transport.produce.bind(transport);
    transport.produce = (options) => gate.then(() => produce(options));
  }
  const asked = ann.produce();
  const [person] = (await office.ask('GET rooms/blue')).json.people;
  const hold = { source: 'camera', hold: true };
  assert.equal((await office.ask(`POST rooms/blue/people/${person.id}/mute`, hold)).status, 200);
  open();
  await asked;
  await settle();
  const [seen] = (await office.ask('GET rooms/blue')).json.people[0].sources;
  assert.deepEqual([seen.source, seen.paused], ['camera', true]);
});

test('who is removed is told in the words of the moderator', async () => {
  const office = await Office.open();
  const [ann, bo] = [await office.stage.joined('blue'), await office.stage.joined('blue', 'Bo')];
  const { people } = (await office.ask('GET rooms/blue')).json;
  const answer = await office.ask(`POST rooms/blue/people/${people[0].id}/remove`, {
    message: 'Please rest.',
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(ann.events('dismissed'), [{ why: 'removed', message: 'Please rest.' }]);
  assert.equal(ann.socket.closedWith, 4003);
  assert.equal(bo.events('peerLeft').length, 1);
  assert.equal(bo.socket.closedWith, null);
  assert.equal((await office.ask(`POST rooms/blue/people/${people[0].id}/remove`)).status, 404);
});

test('a room that is closed is closed for everybody in it', async () => {
  const office = await Office.open();
  const [ann, bo] = [await office.stage.joined('blue'), await office.stage.joined('blue', 'Bo')];
  const other = await office.stage.joined('red');
  assert.deepEqual((await office.ask('POST rooms/blue/close')).json, { removed: 2 });
  for (const one of [ann, bo]) assert.equal(one.events('dismissed')[0].why, 'roomClosed');
  await settle();
  assert.equal(office.stage.conference.roomCount, 1);
  assert.equal(other.socket.closedWith, null);
});

test('nothing is told or done without the secret', async () => {
  const office = await Office.open();
  const ann = await office.stage.joined();
  for (const { method, path } of kEndpoints) {
    const place = path.replace(':room', 'blue').replace(':person', 'x').replace(':index', '0');
    for (const bearer of [null, 'b'.repeat(32), kSecret.slice(1), `${kSecret}a`]) {
      const answer = await office.ask(`${method} ${place}`, {}, bearer);
      assert.ok([401, 429].includes(answer.status), `${method} ${place}: ${answer.status}`);
    }
  }
  assert.equal(ann.socket.closedWith, null);
  assert.equal(office.stage.conference.draining, false);
  assert.match((await office.ask('GET rooms', '', null)).head, /429|WWW-Authenticate: Bearer/);
});

test('who guesses is slowed down, and who knows the secret is not', async () => {
  const office = await Office.open();
  const statuses = new Set<number>();
  for (let guess = 0; guess < 40; ++guess) {
    statuses.add((await office.ask('GET rooms', '', `guess${guess}`)).status);
  }
  assert.deepEqual([...statuses], [401, 429]);
  assert.equal((await office.ask('GET rooms')).status, 200);
  assert.equal((await office.ask('GET rooms', '', 'old'.repeat(11))).status, 200);
  await office.stage.clock.advance(1000);
  assert.equal((await office.ask('GET rooms', '', 'guess')).status, 401);
});

test('who knows the secret is slowed down as well, at five hundred requests at once', async () => {
  const office = await Office.open();
  let last: Answer | null = null;
  for (let count = 0; count < 501; ++count) last = await office.ask('GET drain');
  assert.equal(last?.status, 429);
  assert.match(last?.head ?? '', /Retry-After: 1/);
});

test('a moderator who asks too much does not keep the operator out', async () => {
  const office = await Office.open();
  await office.stage.joined('blue');
  const admin = tokenFor({ room: 'blue', grants: ['admin'] });
  const statuses = new Set<number>();
  for (let count = 0; count < 501; ++count) {
    statuses.add((await office.ask('GET rooms/blue', '', admin)).status);
  }
  assert.deepEqual([...statuses], [200, 429]);
  assert.equal((await office.ask('GET rooms')).status, 200);
});

test('a token with the grant admin opens its own room and nothing beyond it', async () => {
  const office = await Office.open();
  await office.stage.joined('blue');
  await office.stage.joined('red');
  const admin = tokenFor({ room: 'blue', grants: ['admin'] });
  assert.equal((await office.ask('GET rooms/blue', '', admin)).status, 200);
  assert.equal((await office.ask('GET rooms/red', '', admin)).status, 401);
  assert.equal((await office.ask('GET rooms', '', admin)).status, 401);
  assert.equal((await office.ask('POST drain', '', admin)).status, 401);
  const guest = tokenFor({ room: 'blue', grants: ['publish'] });
  assert.equal((await office.ask('POST rooms/blue/close', '', guest)).status, 403);
  const usual = tokenFor({ room: 'blue' });
  assert.equal((await office.ask('GET rooms/blue', '', usual)).status, 403);
  const expired = tokenFor({ room: 'blue', grants: ['admin'], exp: 1 });
  assert.equal((await office.ask('GET rooms/blue', '', expired)).status, 401);
});

test('what makes no sense is a problem that names it', async () => {
  const office = await Office.open();
  await office.stage.joined('blue');
  const [person] = (await office.ask('GET rooms/blue')).json.people;
  const mute = `POST rooms/blue/people/${person.id}/mute`;
  for (const [body, detail] of [
    ['{', /not JSON/],
    ['[]', /^body: /],
    ['{}', /^source: /],
    ['{"source":"nose"}', /^source: /],
    ['{"source":"camera","hold":1}', /^hold: /],
    ['{"source":"camera","hodl":true}', /hodl/],
  ] as const) {
    const { status, json } = await office.ask(mute, body);
    assert.deepEqual([status, json.status], [400, 400], body);
    assert.match(json.detail, detail);
  }
  assert.equal((await office.ask(mute, `{"source":"${'x'.repeat(5000)}"}`)).status, 413);
  const long = { message: 'x'.repeat(301) };
  assert.equal((await office.ask('POST rooms/blue/close', long)).status, 400);
  assert.equal((await office.ask(mute, { source: 'camera' })).status, 404, 'it is not being sent');
  assert.equal((await office.ask('GET nothing')).status, 404);
  assert.equal((await office.ask('GET rooms/%')).status, 404);
  const wrong = await office.ask('POST rooms');
  assert.equal(wrong.status, 405);
  assert.match(wrong.head, /^Allow: GET, HEAD\r$/m);
  assert.match((await office.ask('GET workers/replace')).head, /^Allow: POST\r$/m);
  const unknown = await office.ask('PATCH rooms', { source: 'camera' });
  assert.deepEqual([unknown.status, unknown.json?.status], [405, 405], 'a problem as any other');
  assert.match(unknown.head, /^Allow: GET, HEAD\r$/m);
  assert.equal((await office.ask('POST workers/7/replace')).status, 404);
});

test('a drained server takes no new rooms and ends when the last one has closed', async () => {
  const office = await Office.open();
  const { stage, drain } = office;
  let ended = false;
  void drain.ended.then(() => (ended = true));
  const ann = await stage.joined('blue');
  const answer = await office.ask('POST drain');
  assert.deepEqual(answer.json, { draining: true, rooms: 1, people: 1, secondsLeft: 60 });
  const refused = await stage.client('red').join();
  assert.equal(refused.error?.code, 'draining');
  assert.ok((await stage.client('blue').join({ name: 'Bo' })).ok, 'rooms that are open stay so');
  assert.deepEqual(
    [stage.conference.admits('blue'), stage.conference.admits('red')],
    [true, false],
  );
  await ann.request('leave');
  assert.equal(ended, false);
  await office.ask('POST rooms/blue/close');
  await settle();
  assert.equal(ended, true);
});

test('a drain ends by its time, and one that was taken back does not end', async () => {
  const office = await Office.open();
  const { stage, drain } = office;
  let ended = false;
  void drain.ended.then(() => (ended = true));
  const ann = await stage.joined('blue');
  stage.clock.every(5000, () => ann.socket.pong());
  await office.ask('POST drain');
  await stage.clock.advance(30_000);
  assert.equal((await office.ask('DELETE drain')).json.draining, false);
  assert.ok((await stage.client('red').join()).ok);
  await stage.clock.advance(120_000);
  assert.equal(ended, false);
  await office.ask('POST drain');
  await stage.clock.advance(30_000);
  await office.ask('POST drain');
  await stage.clock.advance(31_000);
  assert.equal(ended, true, 'asking again does not put it off');
});

test('an empty server that is drained ends at once', async () => {
  const office = await Office.open();
  await office.ask('POST drain');
  await office.drain.ended;
});
