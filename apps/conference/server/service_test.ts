// The one test that opens sockets, on loopback: what is asserted here is how the WebSocket library,
// the HTTP server and our limits fit together.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { WebSocket } from 'ws';
import { FakeEngine } from '../testing/fake_engine';
import { kCapabilities } from '../testing/stage';
import { kMaxMessageBytes } from './connection';
import { Log } from './log';
import { parseOptions } from './options';
import type { Options } from './options';
import { Service } from './service';

const folder = mkdtempSync(join(tmpdir(), 'sluice-service-'));
const engine = new FakeEngine();
const rejections: unknown[] = [];

function options(...args: string[]): Options {
  const parsed = parseOptions(['--workers', '2', '--log-level', 'none', ...args], {});
  if (parsed.kind !== 'run') throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

function startWith(chosen: Options): Promise<Service> {
  return Service.start({
    options: chosen,
    createWorker: engine.createWorker,
    pageFolder: folder,
    keyPair: null,
    version: '1.2.3',
    log: new Log('none'),
  });
}

// Hooks around a whole file do not run on the Node of Debian 12, hence plain statements.
process.on('unhandledRejection', (error) => rejections.push(error));
writeFileSync(join(folder, 'index.html'), '<!--sluice-config-->');
const service = await startWith(options('--port', '0'));
const origin = service.url.slice(0, -1);

function socket(path: string, headers: Record<string, string> = {}): WebSocket {
  return new WebSocket(origin.replace('http', 'ws') + path, { headers });
}

// "open", or the status with which the upgrade was refused.
function outcome(one: WebSocket): Promise<number | 'open'> {
  return new Promise((resolve) => {
    one.on('open', () => resolve('open'));
    one.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    one.on('error', () => {});
  });
}

function closeCode(one: WebSocket): Promise<number> {
  return new Promise((resolve) => one.on('close', (code) => resolve(code)));
}

async function pageRevision(): Promise<string> {
  const html = await (await fetch(`${origin}/`)).text();
  return /"revision":"([^"]+)"/.exec(html)?.[1] ?? '';
}

function joinText(revision: string): string {
  const data = { name: 'Ann', session: 'a'.repeat(32), revision, rtpCapabilities: kCapabilities };
  return JSON.stringify({ id: 1, method: 'join', data });
}

function nextMessage(one: WebSocket): Promise<any> {
  return new Promise((resolve) => one.once('message', (data) => resolve(JSON.parse(String(data)))));
}

test('health tells rooms, people and workers', async () => {
  const health = (await (await fetch(`${origin}/healthz`)).json()) as any;
  assert.equal(health.status, 'ok');
  assert.equal(health.version, '1.2.3');
  assert.equal(health.workers.length, 2);
  assert.equal(health.peers, 0);
  assert.deepEqual([health.workers[0].load, health.workers[0].responds], [0, true]);
});

test('metrics and the live page are told to this machine, readiness to everybody', async () => {
  const metrics = await fetch(`${origin}/metrics`);
  assert.equal(metrics.status, 200);
  assert.match(await metrics.text(), /^sluice_worker_up\{worker="1"\} 1$/m);
  const live = (await (await fetch(`${origin}/live.json`)).json()) as any;
  assert.equal(live.version, '1.2.3');
  const proxied = { headers: { 'X-Forwarded-For': '127.0.0.1' } };
  assert.equal((await fetch(`${origin}/metrics`, proxied)).status, 403);
  assert.equal((await fetch(`${origin}/live.json`, proxied)).status, 403);
  assert.deepEqual(await (await fetch(`${origin}/readyz`, proxied)).json(), {
    ready: true,
    reason: null,
  });
});

test('a page of another site gets no socket', async () => {
  assert.equal(await outcome(socket('/ws?room=blue', { Origin: 'https://evil.example' })), 403);
  const own = socket('/ws?room=blue', { Origin: origin });
  assert.equal(await outcome(own), 'open');
  own.close();
});

// As curl --http2 and Java's client ask.
function askForHttp2(path: string, method = 'GET', body = ''): Promise<[number, string]> {
  const headers = {
    Connection: 'Upgrade, HTTP2-Settings',
    Upgrade: 'h2c',
    'HTTP2-Settings': 'AAMAAABk',
    ...(body === '' ? {} : { 'Content-Length': String(body.length) }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(`${origin}${path}`, { method, headers }, (response) => {
      let text = '';
      response.on('data', (data) => (text += data));
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('who would rather speak HTTP/2 is answered all the same', async () => {
  const [status, text] = await askForHttp2('/healthz');
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).status, 'ok');
  assert.equal((await askForHttp2('/ws?room=blue'))[0], 404);
  assert.equal((await askForHttp2('/whip/blue', 'OPTIONS'))[0], 200);
  // Of what follows nothing would be read.
  assert.equal((await askForHttp2('/whip/blue', 'POST', 'v=0'))[0], 501);
});

test('a socket needs a room that can exist', async () => {
  assert.equal(await outcome(socket('/ws')), 400);
  assert.equal(await outcome(socket('/ws?room=a%2Fb')), 400);
  assert.equal(await outcome(socket('/other?room=blue')), 404);
});

test('a frame beyond the limit closes the socket', async () => {
  const one = socket('/ws?room=blue');
  await outcome(one);
  const closed = closeCode(one);
  one.send('x'.repeat(kMaxMessageBytes + 1));
  assert.equal(await closed, 1009);
});

test('join works over a real socket, and a closed one leaves', async () => {
  const one = socket('/ws?room=blue');
  await outcome(one);
  const answered = nextMessage(one);
  one.send(joinText(await pageRevision()));
  const answer = await answered;
  assert.equal(answer.ok, true);
  assert.equal(answer.data.room, 'blue');
  const closed = closeCode(one);
  one.close();
  await closed;
  const health = (await (await fetch(`${origin}/healthz`)).json()) as any;
  assert.equal(health.peers, 0);
});

test('a port in use is an error that names it', async () => {
  const port = new URL(origin).port;
  await assert.rejects(startWith(options('--port', port)), { code: 'EADDRINUSE' });
});

test('a server that drains has pages and sockets for the rooms that there are only', async () => {
  const args = [
    '--port',
    '0',
    '--admin-secret',
    'a'.repeat(32),
    '--webhook-url',
    'http://127.0.0.1:9/',
  ];
  const other = await startWith(options(...args, '--webhook-secret', 'w'.repeat(32)));
  const at = (path: string) => `${other.url}${path}`;
  const one = new WebSocket(at('ws?room=blue').replace('http', 'ws'));
  await outcome(one);
  const answered = nextMessage(one);
  one.send(joinText(await pageRevision()));
  await answered;
  assert.equal((await fetch(at('readyz'))).status, 200);
  other.drain();

  assert.equal((await fetch(at('readyz'))).status, 503);
  assert.equal(((await (await fetch(at('healthz'))).json()) as any).status, 'draining');
  for (const path of ['?room=blue', 'r/blue', 'app.js?room=red']) {
    assert.notEqual((await fetch(at(path))).status, 503, path);
  }
  for (const path of ['', '?room=red', 'r/red', 'index.html', 'r/%E0%A4%A', '?room=%00']) {
    const page = await fetch(at(path));
    assert.equal(page.status, 503, path);
    assert.equal(page.headers.get('retry-after'), '30');
    assert.match(await page.text(), /takes no new rooms/);
  }
  const sockets = ['blue', 'red'].map((room) => at(`ws?room=${room}`).replace('http', 'ws'));
  const opened = await Promise.all(sockets.map((url) => outcome(new WebSocket(url))));
  assert.deepEqual(opened, ['open', 503]);

  one.close();
  await other.drained;
  await other.close();
});

test('closing says goodbye to everybody and ends the workers', async () => {
  const other = await startWith(options('--port', '0'));
  const one = new WebSocket(`${other.url.replace('http', 'ws')}ws?room=blue`);
  await outcome(one);
  const closed = closeCode(one);
  await other.close();
  assert.equal(await closed, 1001);
  assert.ok(engine.workers.slice(-2).every((worker) => worker.closed));
});

test('after all that, no rejection was left unhandled', async () => {
  await service.close();
  rmSync(folder, { recursive: true });
  assert.deepEqual(rejections, []);
});
