import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { FakeClock, settle } from '../testing/fake_clock';
import { Stage } from '../testing/stage';
import { Log } from './log';
import {
  kMaxInFlight,
  kMaxQueued,
  kRetryDelaysMs,
  kSignatureHeader,
  kTimeoutMs,
  postByFetch,
  Webhooks,
} from './webhooks';
import type { Post } from './webhooks';

const kSecret = 'w'.repeat(32);
const kWallTime = Date.UTC(2026, 10, 26, 12);

interface Delivery {
  url: string;
  headers: Record<string, string>;
  body: any;
  text: string;
}

// A receiver that answers what its script says, 200 if it says nothing; null is never answered.
class Script {
  readonly got: Delivery[] = [];
  open = 0;
  mostOpen = 0;

  constructor(public answers: (at: number) => number | null | Error = () => 200) {}

  readonly post: Post = (url, headers, text, signal) => {
    const answer = this.answers(this.got.length);
    this.got.push({ url, headers, body: JSON.parse(text), text });
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    return new Promise<number>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      if (answer instanceof Error) reject(answer);
      else if (answer !== null) resolve(answer);
    }).finally(() => (this.open -= 1));
  };

  get events(): string[] {
    return this.got.map(({ body }) => body.event);
  }
}

function hooksTo(script: Script, clock = new FakeClock(), urls = ['http://a/']) {
  const lines: string[] = [];
  const log = new Log('debug', (line) => lines.push(line));
  const wallClock = () => kWallTime + clock.now();
  const options = { urls, secret: kSecret, clock, wallClock, post: script.post, log };
  return { hooks: new Webhooks(options), clock, lines };
}

test('a stay is told from its first event to the end of the room', async () => {
  const script = new Script();
  const stage = await Stage.open(1, { observer: hooksTo(script).hooks });
  const ann = await stage.joined('blue', 'Ann');
  const { data } = await ann.produce();
  await ann.request('closeProducer', { producerId: data.id });
  const { data: sound } = await ann.produce('microphone', 'audio', 'audio/opus');
  await ann.request('leave');
  await settle();
  await settle();
  assert.deepEqual(script.events, [
    'room_started',
    'participant_joined',
    'track_published',
    'track_unpublished',
    'track_published',
    'track_unpublished',
    'participant_left',
    'room_finished',
  ]);
  const [, joined, published] = script.got.map(({ body }) => body);
  assert.equal(joined.room, 'blue');
  assert.equal(joined.time, new Date(kWallTime).toISOString());
  assert.equal(joined.participant.name, 'Ann');
  assert.deepEqual(published.track, { id: data.id, source: 'camera', kind: 'video' });
  assert.deepEqual(published.participant, joined.participant);
  assert.equal(script.got[5]!.body.track.id, sound.id);
  assert.equal(new Set(script.got.map(({ body }) => body.id)).size, 8);
});

test('a request is signed over its time and its body', async () => {
  const script = new Script();
  hooksTo(script).hooks.roomEnded('blue');
  await settle();
  const { headers, text, body } = script.got[0]!;
  const seconds = kWallTime / 1000;
  const hex = createHmac('sha256', kSecret).update(`${seconds}.${text}`).digest('hex');
  assert.equal(headers[kSignatureHeader], `t=${seconds},v1=${hex}`);
  assert.equal(headers['Sluice-Event-Id'], body.id);
  assert.equal(headers['Content-Type'], 'application/json');
});

test('what fails is repeated, ever more slowly, and signed anew', async () => {
  const failures = [500, 404, 302, new Error('refused')];
  const script = new Script((at) => failures[at] ?? 204);
  const { hooks, clock } = hooksTo(script);
  hooks.roomEnded('blue');
  await settle();
  for (const [at, delay] of kRetryDelaysMs.slice(0, 4).entries()) {
    assert.equal(script.got.length, at + 1);
    await clock.advance(delay - 1);
    assert.equal(script.got.length, at + 1, 'not before its time');
    await clock.advance(1);
  }
  assert.equal(script.got.length, 5);
  assert.equal(new Set(script.got.map(({ body }) => body.id)).size, 1, 'it is the same event');
  assert.deepEqual(
    script.got.map(({ headers }) => headers['Sluice-Attempt']),
    ['1', '2', '3', '4', '5'],
  );
  assert.notEqual(
    script.got[0]!.headers[kSignatureHeader],
    script.got[4]!.headers[kSignatureHeader],
  );
  const { delivered, failedAttempts, givenUp, queued } = hooks.counters;
  assert.deepEqual([delivered, failedAttempts, givenUp, queued], [1, 4, 0, 0]);
});

test('what nobody takes is given up, counted and told, and the next one is tried', async () => {
  const script = new Script((at) => (at <= kRetryDelaysMs.length ? 500 : 200));
  const { hooks, clock, lines } = hooksTo(script, new FakeClock(), ['http://a/in?key=hidden']);
  hooks.roomStarted('blue');
  hooks.roomEnded('blue');
  await clock.advance(60_000);
  assert.equal(script.events.filter((event) => event === 'room_started').length, 6);
  assert.equal(script.events.at(-1), 'room_finished');
  const { delivered, givenUp } = hooks.counters;
  assert.deepEqual([delivered, givenUp], [1, 1]);
  assert.ok(lines.some((line) => line.includes('given up') && line.includes('http://a/in"')));
  assert.ok(lines.every((line) => !line.includes('hidden')));
});

test('a receiver that does not answer is cut off in time', async () => {
  const script = new Script((at) => (at === 0 ? null : 200));
  const { hooks, clock } = hooksTo(script);
  hooks.roomEnded('blue');
  await clock.advance(kTimeoutMs - 1);
  assert.equal(script.open, 1);
  await clock.advance(1);
  assert.equal(script.open, 0);
  await clock.advance(kRetryDelaysMs[0]!);
  assert.equal(hooks.counters.delivered, 1);
});

test('a room whose event fails keeps its order and does not hold up other rooms', async () => {
  const script = new Script((at) => (at === 0 ? 500 : 200));
  const { hooks, clock } = hooksTo(script);
  hooks.roomStarted('slow');
  hooks.roomEnded('slow');
  hooks.roomStarted('quick');
  await settle();
  assert.deepEqual(
    script.got.map(({ body }) => `${body.room} ${body.event}`),
    ['slow room_started', 'quick room_started'],
  );
  await clock.advance(kRetryDelaysMs[0]!);
  assert.deepEqual(
    script.got.slice(2).map(({ body }) => `${body.room} ${body.event}`),
    ['slow room_started', 'slow room_finished'],
  );
});

test('a slow receiver has a bounded number of requests and of events that wait', async () => {
  const script = new Script(() => null);
  const { hooks, lines } = hooksTo(script);
  for (let at = 0; at < kMaxQueued + 7; ++at) hooks.roomEnded(`room${at}`);
  assert.equal(script.mostOpen, kMaxInFlight);
  const { queued, dropped } = hooks.counters;
  assert.deepEqual([queued, dropped], [kMaxQueued, 7]);
  assert.equal(lines.filter((line) => line.includes('left out')).length, 1);
});

test('one receiver that fails does not keep events from another', async () => {
  const script = new Script((at) => (at === 0 ? 500 : 200));
  const { hooks, clock } = hooksTo(script, new FakeClock(), ['http://bad/', 'http://good/']);
  hooks.roomEnded('blue');
  await settle();
  assert.deepEqual(
    script.got.map(({ url }) => url),
    ['http://bad/', 'http://good/'],
  );
  assert.equal(hooks.counters.delivered, 1);
  await clock.advance(kRetryDelaysMs[0]!);
  assert.equal(hooks.counters.delivered, 2);
});

test('closing waits a moment for what is under way and then gives it up', async () => {
  const script = new Script((at) => (at === 0 ? 200 : null));
  const { hooks, clock } = hooksTo(script);
  hooks.roomStarted('blue');
  hooks.roomEnded('blue');
  let closed = false;
  const closing = hooks.close(1000).then(() => (closed = true));
  await clock.advance(999);
  assert.equal(closed, false);
  await clock.advance(1);
  await closing;
  assert.equal(script.open, 0);
  const { delivered, givenUp } = hooks.counters;
  assert.deepEqual([delivered, givenUp], [1, 1]);
  hooks.roomEnded('late');
  assert.equal(hooks.counters.dropped, 1);
});

test("Node's client posts as it is told to and follows no redirect", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    request.on('data', (text) => seen.push(`${request.method} ${request.url} ${text}`));
    request.on('end', () => response.writeHead(302, { Location: '/elsewhere' }).end('body'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/hook`;
  assert.equal(await postByFetch(url, {}, 'x', new AbortController().signal), 302);
  assert.deepEqual(seen, ['POST /hook x']);
  server.closeAllConnections?.();
  await new Promise((resolve) => server.close(resolve));
  // An operator has to see why nothing arrives.
  await assert.rejects(postByFetch(url, {}, 'x', new AbortController().signal), /ECONNREFUSED/);
});
