// Opens sockets, on loopback: what is asserted here is how bodies that are too long, too slow or cut
// short get on with Node's HTTP server.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';

import { FakeWhipEngine } from '../../testing/fake_whip_media';
import { systemClock } from '../clock';
import { Log } from '../log';
import { WhipFrontDoor } from './front_door';
import { answerWhip, kMaxBodyBytes } from './http_adapter';

const engine = new FakeWhipEngine();
const door = new WhipFrontDoor({
  open: engine.open,
  checkToken: null,
  iceServers: [],
  corsOrigins: [],
  maxSessions: 10,
  clock: systemClock,
  log: new Log('none'),
});
const server = createServer((request, response) => {
  void answerWhip(door, request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}/whip/blue`;

// What comes back until the server says no more, or until `enough` of it has come.
function raw(text: string | string[], enough?: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => {
      for (const part of [text].flat()) socket.write(part);
    });
    socket.setEncoding('latin1').on('data', (data) => {
      answer += data;
      if (enough?.test(answer)) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

function head(...fields: string[]): string {
  const type = 'Content-Type: application/sdp';
  return ['POST /whip/blue HTTP/1.1', 'Host: a', type, ...fields, '', ''].join('\r\n');
}

test('an offer goes in and an answer comes out', async () => {
  const headers = { 'Content-Type': 'application/sdp' };
  const response = await fetch(`${url}?name=Bo`, { method: 'POST', headers, body: 'v=0\r\n' });
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('content-length'), '13');
  assert.equal(await response.text(), 'v=0\r\nanswer\r\n');
  const location = new URL(response.headers.get('location') ?? '', url);
  const gone = await fetch(location, { method: 'DELETE' });
  assert.deepEqual([gone.status, await gone.text()], [200, '']);
});

test('an offer of the longest length is read, one byte more is 413', async () => {
  const headers = { 'Content-Type': 'application/sdp' };
  const statusOf = async (length: number) =>
    (await fetch(url, { method: 'POST', headers, body: 'v=0'.padEnd(length) })).status;
  assert.equal(await statusOf(kMaxBodyBytes), 201);
  assert.equal(await statusOf(kMaxBodyBytes + 1), 413);
});

test('a body that is announced too long is refused before it comes', async () => {
  const answer = await raw(head(`Content-Length: ${10 * kMaxBodyBytes}`), /problem\+json/);
  assert.match(answer, /^HTTP\/1.1 413 /);
});

test('a body without a length is refused when it has become too long', async () => {
  const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
  const chunks = Array.from({ length: 20 }, () => chunk);
  const answer = await raw([head('Transfer-Encoding: chunked'), ...chunks], /problem\+json/);
  assert.match(answer, /^HTTP\/1.1 413 /);
});

test('who sends on and on is cut off', async () => {
  const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
  const chunks = Array.from({ length: 40 }, () => chunk);
  // Resolves, though nothing on our side ends the connection.
  await raw([head('Transfer-Encoding: chunked'), ...chunks]);
});

test('after a refused body the connection serves the next request', async () => {
  const refused = 'PUT /whip/blue HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
  const next = 'OPTIONS /whip/blue HTTP/1.1\r\nHost: a\r\n\r\n';
  const answer = await raw([refused, next], /HTTP\/1.1 200/);
  assert.match(answer, /^HTTP\/1.1 405 [\s\S]*HTTP\/1.1 200 /);
});

test('a body that is no UTF-8 is 400', async () => {
  const headers = { 'Content-Type': 'application/sdp' };
  const body = Buffer.from([0x76, 0xff, 0xfe]);
  assert.equal((await fetch(url, { method: 'POST', headers, body })).status, 400);
});

test('a body that is cut short opens nothing', async () => {
  const before = engine.made.length;
  const socket = connect(port, '127.0.0.1');
  socket.write(`${head('Content-Length: 100')}v=0\r\n`);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();
  const asked = await fetch(url, { method: 'OPTIONS' });
  assert.equal(asked.status, 200);
  assert.equal(engine.made.length, before);
});

test('a stream of events stays open until its session ends', async () => {
  const headers = { 'Content-Type': 'application/sdp' };
  const watch = url.replace('/whip/', '/whep/');
  const opened = await fetch(watch, { method: 'POST', headers, body: 'v=0\r\n' });
  const session = new URL(opened.headers.get('location') ?? '', url).href;
  const made = await fetch(`${session}/sse`, { method: 'POST' });
  const stream = await fetch(new URL(made.headers.get('location') ?? '', url));
  assert.equal(stream.headers.get('content-type'), 'text/event-stream');
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('event: layers')) text += (await reader?.read())?.value ?? '';
  assert.match(text, /^:\n\nevent: active\ndata: {}\n\n/);
  assert.equal((await fetch(session, { method: 'DELETE' })).status, 200);
  let rest = await reader?.read();
  while (!rest?.done) rest = await reader?.read();
});

test('after all that the server closes', async () => {
  door.close();
  server.closeAllConnections?.();
  await new Promise((resolve) => server.close(resolve));
});
