// Streams of events and layer selection of WHEP sessions, as requests and responses.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock, settle } from '../../testing/fake_clock';
import { FakeWhipEngine } from '../../testing/fake_whip_media';
import { Log } from '../log';
import { Refusal } from '../refusal';
import type { EventSink } from './event_streams';
import { WhipFrontDoor } from './front_door';
import type { FrontDoorOptions, WhipRequest } from './front_door';

const kJson = { 'content-type': 'application/json' };

// A reader, and all that it was told.
class FakeSink implements EventSink {
  queuedBytes = 0;
  text = '';
  ended = false;
  private closed: () => void = () => {};

  write(text: string): void {
    this.text += text;
  }

  end(): void {
    this.ended = true;
  }

  onClose(listener: () => void): void {
    this.closed = listener;
  }

  leave(): void {
    this.closed();
  }

  get events(): string[] {
    return [...this.text.matchAll(/^event: (.*)\ndata: (.*)$/gm)].map(
      ([, event, data]) => `${event} ${data}`,
    );
  }
}

function doorWith(changes: Partial<FrontDoorOptions> = {}) {
  const clock = new FakeClock();
  const engine = new FakeWhipEngine();
  const door = new WhipFrontDoor({
    ...{ open: engine.open, checkToken: null, iceServers: [], corsOrigins: [], maxSessions: 400 },
    ...{
      clock,
      log: new Log('none'),
      allowance: { maxSessionsPerAddress: 400, addressBurst: 2000, serverBurst: 2000 },
    },
    ...changes,
  });
  const ask = (method: string, path: string, body = '', headers: object = {}) => {
    const request = { method, path, headers, query: new URLSearchParams(), address: '192.0.2.7' };
    return door.handle({ ...request, body: async () => body } as WhipRequest);
  };
  const opened = async (path = '/whep/blue', headers: object = {}) => {
    const type = { 'content-type': 'application/sdp' };
    const { status, headers: fields } = await ask('POST', path, 'v=0\r\n', { ...type, ...headers });
    assert.equal(status, 201);
    engine.last.listener.connected();
    return { location: String(fields.Location), links: [fields.Link ?? []].flat() };
  };
  const streamOf = async (session: string, events?: string[]) => {
    const body = events ? JSON.stringify(events) : '';
    const { status, headers } = await ask('POST', `${session}/sse`, body, events ? kJson : {});
    assert.equal(status, 201);
    return String(headers.Location);
  };
  const read = async (stream: string) => {
    const { status, headers, stream: begin } = await ask('GET', stream);
    assert.deepEqual([status, headers['Content-Type']], [200, 'text/event-stream']);
    const sink = new FakeSink();
    begin?.(sink);
    await settle();
    return sink;
  };
  return { clock, engine, door, ask, opened, streamOf, read };
}

test('a viewer is told where layers are chosen and events are read, a publisher is not', async () => {
  const { opened } = doorWith();
  const { location, links } = await opened();
  const urn = 'urn:ietf:params:whep:ext:core';
  assert.deepEqual(links, [
    `<${location}/sse>; rel="${urn}:server-sent-events"; events="active,inactive,layers,viewercount"`,
    `<${location}/layer>; rel="${urn}:layer"`,
  ]);
  assert.deepEqual((await opened('/whip/blue')).links, []);
});

test('a reader gets the state of things, then what changes, and no more', async () => {
  const { clock, engine, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const { watched } = engine.last;
  const sink = await read(await streamOf(location));
  const first = ['active {}', 'viewercount {"viewercount":1}'];
  const layers = 'layers {"1":[{"spatialLayerId":0,"bitrate":100}]}';
  assert.deepEqual(sink.events, [...first, layers]);
  await clock.advance(3000);
  assert.equal(sink.events.length, 3);
  assert.ok(watched);
  watched.active = false;
  watched.known = {};
  await opened();
  await clock.advance(1000);
  const next = ['inactive {}', 'viewercount {"viewercount":2}', 'layers {}'];
  assert.deepEqual(sink.events.slice(3), next);
});

test('only what was asked for is told; words of the draft that are not ours are passed over', async () => {
  const { ask, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const sink = await read(await streamOf(location, ['viewercount', 'scte35', 'reconnect']));
  assert.deepEqual(sink.events, ['viewercount {"viewercount":1}']);
  const none = await ask('POST', `${location}/sse`, '["scte35"]', kJson);
  assert.equal(none.status, 422);
});

test('a publication that rests is not told of as inactive to who comes meanwhile', async () => {
  const { clock, engine, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  assert.ok(engine.last.watched);
  engine.last.watched.active = false;
  const sink = await read(await streamOf(location, ['active', 'inactive']));
  assert.deepEqual(sink.events, []);
  engine.last.watched.active = true;
  await clock.advance(1000);
  assert.deepEqual(sink.events, ['active {}']);
});

test('streams end with their session, which tells of it', async () => {
  const { ask, engine, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const stream = await streamOf(location, ['active', 'inactive']);
  const sink = await read(stream);
  engine.last.listener.ended('what was watched ended');
  assert.deepEqual(sink.events, ['active {}', 'inactive {}']);
  assert.equal(sink.ended, true);
  assert.equal((await ask('GET', stream)).status, 404);
  assert.equal((await ask('POST', `${location}/sse`)).status, 404);
  assert.equal((await ask('POST', `${location}/layer`, '{}', kJson)).status, 404);
});

test('a stream is deleted for good, and its reader let go', async () => {
  const { ask, opened, streamOf, read, door } = doorWith();
  const { location } = await opened();
  const stream = await streamOf(location);
  const sink = await read(stream);
  assert.equal((await ask('DELETE', stream)).status, 200);
  assert.equal(sink.ended, true);
  assert.equal((await ask('DELETE', stream)).status, 404);
  assert.equal((await ask('GET', stream)).status, 404);
  assert.equal(door.counts().streams, 0);
});

test('a reader who comes back takes the place of the one before', async () => {
  const { opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const stream = await streamOf(location, ['viewercount']);
  const first = await read(stream);
  const second = await read(stream);
  assert.deepEqual([first.ended, second.ended], [true, false]);
  first.leave();
  assert.deepEqual(second.events, ['viewercount {"viewercount":1}']);
});

test('who reads too slowly is let go, and counted', async () => {
  const { clock, engine, door, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const stream = await streamOf(location);
  const sink = await read(stream);
  sink.queuedBytes = 70_000;
  assert.ok(engine.last.watched);
  engine.last.watched.active = false;
  await clock.advance(1000);
  assert.equal(sink.ended, true);
  assert.equal(door.counts().slowReaders, 1);
  assert.ok((await read(stream)).events.length > 0, 'it may come back');
});

test('what is silent is kept open by a comment', async () => {
  const { clock, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const sink = await read(await streamOf(location, ['viewercount']));
  await clock.advance(60_000);
  assert.equal(sink.text.match(/^:$/gm)?.length, 4);
});

test('without readers nobody looks', async () => {
  const { clock, engine, opened, streamOf, read } = doorWith();
  const { location } = await opened();
  const sink = await read(await streamOf(location));
  let looks = 0;
  assert.ok(engine.last.watched);
  engine.last.watched.isActive = () => (looks += 1) > 0;
  await clock.advance(2000);
  assert.equal(looks, 2);
  sink.leave();
  await clock.advance(5000);
  assert.equal(looks, 2);
});

test('a session has four streams, the server 256', async () => {
  const { ask, opened, streamOf, door } = doorWith();
  const { location } = await opened();
  for (let at = 0; at < 4; ++at) await streamOf(location);
  const fifth = await ask('POST', `${location}/sse`);
  assert.deepEqual([fifth.status, fifth.headers['Retry-After']], [429, '5']);
  for (let session = 1; session < 64; ++session) {
    const other = await opened();
    for (let at = 0; at < 4; ++at) await streamOf(other.location);
  }
  const last = await opened();
  const beyond = await ask('POST', `${last.location}/sse`);
  assert.deepEqual([beyond.status, door.counts().streams], [503, 256]);
  door.close();
  assert.equal(door.counts().streams, 0);
});

test('layers are chosen by JSON, and what makes no sense is named', async () => {
  const { ask, engine, opened } = doorWith();
  const { location } = await opened();
  const choose = (body: string, headers = kJson) => ask('POST', `${location}/layer`, body, headers);
  const { status, body } = await choose('{"mediaId":"1","encodingId":"q","maxWidth":640,"new":1}');
  assert.deepEqual([status, body], [200, null]);
  assert.deepEqual(engine.last.watched?.selected, [{ encodingId: 'q', maxWidth: 640 }]);
  for (const [text, reason] of [
    ['hello', /not JSON/],
    ['[]', /body: /],
    ['{"maxWidth":-1}', /maxWidth: /],
    ['{"mediaId":"one"}', /mediaId: /],
    ['{"spatialLayerId":"0"}', /spatialLayerId: /],
  ] as const) {
    const refused = await choose(text);
    assert.equal(refused.status, 400, text);
    assert.match(JSON.parse(refused.body ?? '').detail, reason);
  }
  assert.equal((await choose('{}', { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await ask('POST', `${location}/sse`, '["active"]')).status, 415);
  assert.equal((await ask('POST', `${location}/sse`, '{}', kJson)).status, 400);
});

test('addresses beside a session take their own methods, and a publisher has none', async () => {
  const { ask, opened, streamOf } = doorWith({ corsOrigins: ['https://player.example'] });
  const { location } = await opened();
  const stream = await streamOf(location);
  const allowed = async (path: string) => (await ask('PUT', path)).headers.Allow;
  assert.equal(await allowed(`${location}/layer`), 'POST, OPTIONS');
  assert.equal(await allowed(`${location}/sse`), 'POST, OPTIONS');
  assert.equal(await allowed(stream), 'GET, HEAD, DELETE, OPTIONS');
  const origin = { origin: 'https://player.example' };
  const preflight = await ask('OPTIONS', `${location}/layer`, '', origin);
  assert.equal(preflight.headers['Accept-Post'], 'application/json');
  assert.equal(preflight.headers['Access-Control-Allow-Methods'], 'POST, OPTIONS');
  const publisher = await opened('/whip/blue');
  for (const path of [
    `${publisher.location}/layer`,
    `${publisher.location}/sse`,
    `${location}/layer/${'a'.repeat(32)}`,
    `${location}/sse/short`,
    `${location}/other`,
    `${stream}/more`,
  ]) {
    assert.equal((await ask('POST', path, '{}', kJson)).status, 404, path);
  }
});

test('what is beside a session is for its owner, as the session is', async () => {
  const checkToken: FrontDoorOptions['checkToken'] = async (_, token) => {
    if (!token?.startsWith('good')) throw new Refusal('unauthorized', 'This token is not valid.');
    return { name: 'Ada', validForMs: null };
  };
  const { ask, opened } = doorWith({ checkToken });
  const own = { authorization: 'Bearer good1' };
  const { location } = await opened('/whep/blue', own);
  const { headers } = await ask('POST', `${location}/sse`, '', own);
  const paths: [string, string][] = [
    ['POST', `${location}/layer`],
    ['POST', `${location}/sse`],
    ['GET', String(headers.Location)],
  ];
  for (const [method, path] of paths) {
    const type = method === 'POST' ? kJson : {};
    const statusOf = async (token: object) =>
      (await ask(method, path, method === 'POST' ? '{}' : '', { ...type, ...token })).status;
    assert.equal(await statusOf({}), 401);
    assert.equal(await statusOf({ authorization: 'Bearer good2' }), 403);
  }
  assert.equal((await ask('GET', String(headers.Location), '', own)).status, 200);
});

test('a stream of another session is not there', async () => {
  const { ask, opened, streamOf } = doorWith();
  const [first, second] = [await opened(), await opened()];
  const stream = await streamOf(first.location);
  const foreign = stream.replace(first.location, second.location);
  assert.equal((await ask('GET', foreign)).status, 404);
  assert.equal((await ask('DELETE', foreign)).status, 404);
});
