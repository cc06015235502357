import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { isUsable, obtainCertificate } from './certificate';
import { createHandler, loadPage } from './http';
import { answerJson, bearerOf, isOneOf, Problem } from './http_route';
import type { Route } from './http_route';
import { Log } from './log';

const kConfig = {
  version: '1</script><script>alert(1)',
  revision: 'r1',
  routerRtpCapabilities: { codecs: [], headerExtensions: [] },
  tokensRequired: false,
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-http-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'index.html'), '<head><!--sluice-config--></head>');
writeFileSync(join(folder, 'app.js'), 'run()');
writeFileSync(join(folder, 'licences.txt'), 'MIT');
writeFileSync(join(folder, 'secret.key'), 'secret');
const lines: string[] = [];
const kRoutes: Route[] = [
  {
    path: '/healthz',
    methods: ['GET'],
    handle: (_, response) => answerJson(response, 200, { status: 'ok' }),
  },
  { path: '/things/', methods: ['POST', 'OPTIONS'], handle: (_, response) => void response.end() },
  {
    path: '/broken',
    methods: ['GET'],
    handle: () => Promise.reject(new Error('of /etc/secret')),
  },
  {
    path: '/gone',
    methods: ['GET'],
    handle: () => Promise.reject(new Problem(410, 'Gone', 'It is gone.', { 'X-Why': 'age' })),
  },
];
const log = new Log('debug', (line) => lines.push(line));
const handler = createHandler(loadPage(folder, kConfig), kRoutes, log);

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
}

// A request and its response without a network between them.
function start(url: string, method: string, headers: Record<string, string>): () => Answer {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url, method, headers });
  const response = new ServerResponse(request);
  let body = '';
  response.end = ((data?: Buffer | string) => {
    body += data ?? '';
    return response;
  }) as typeof response.end;
  handler(request, response);
  return () => answerOf(response, body);
}

function ask(url: string, method = 'GET', headers: Record<string, string> = {}): Answer {
  return start(url, method, headers)();
}

async function askLater(url: string): Promise<Answer> {
  const answer = start(url, 'GET', {});
  await settle();
  return answer();
}

function answerOf(response: ServerResponse, body: string): Answer {
  // writeHead() keeps its own headers apart; the header text has both.
  const text = String((response as unknown as { _header: string })._header);
  const pairs = text
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(/: (.*)/).slice(0, 2));
  const all = Object.fromEntries(pairs.map(([name, value]) => [name?.toLowerCase(), value]));
  return { status: response.statusCode, headers: all, body };
}

test('the page is served with its configuration, which cannot break out of its block', () => {
  const { status, body } = ask('/?room=blue');
  assert.equal(status, 200);
  assert.ok(body.includes('"revision":"r1"'));
  assert.equal(body.match(/<script/g)?.length, 1);
});

test('a room by path is the same page', () => {
  assert.equal(ask('/r/blue').status, 200);
  assert.equal(ask('/r/').status, 404);
  assert.equal(ask('/r/a/b').status, 404);
});

test('an invitation may be as long as the server takes them', () => {
  const room = encodeURIComponent('\u4e00'.repeat(64));
  assert.equal(ask(`/r/${room}?token=${'t'.repeat(4096)}`).status, 200);
});

test('the licences of what is inside of the page are passed on with it', () => {
  const { status, headers, body } = ask('/licences.txt');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(body, 'MIT');
});

test('no path leads out of the folder or to a file of another kind', () => {
  for (const url of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2fpackage.json',
    '//etc/passwd',
    '/secret.key',
    '/app.js/',
    '/app.js%00.html',
    '/__proto__',
  ]) {
    assert.equal(ask(url).status, 404, url);
  }
  for (const url of ['', 'http://evil/', '*', `/${'a'.repeat(9000)}`]) {
    assert.equal(ask(url).status, 400, url);
  }
});

test('every answer carries the security headers', () => {
  for (const url of ['/', '/app.js', '/healthz', '/nothing']) {
    const { headers } = ask(url);
    assert.match(String(headers['content-security-policy']), /default-src 'none'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  }
});

test('only reading is possible', () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    assert.equal(ask('/', method).status, 405, method);
  }
  const head = ask('/app.js', 'HEAD');
  assert.equal(head.status, 200);
  assert.equal(head.body, '');
});

test('an unchanged file is not sent again', () => {
  const etag = String(ask('/app.js').headers['etag']);
  const again = ask('/app.js', 'GET', { 'if-none-match': etag });
  assert.equal(again.status, 304);
  assert.equal(again.body, '');
});

test('health is JSON and never cached', () => {
  const { headers, body } = ask('/healthz');
  assert.deepEqual(JSON.parse(body), { status: 'ok' });
  assert.equal(headers['cache-control'], 'no-store');
});

test('an address takes the methods it names and no others', () => {
  assert.equal(ask('/things/7', 'POST').status, 200);
  assert.equal(ask('/things/7', 'OPTIONS').status, 200);
  const refused = ask('/things/7', 'GET');
  assert.equal(refused.status, 405);
  assert.equal(refused.headers['allow'], 'OPTIONS, POST');
  assert.equal(ask('/things', 'POST').status, 405);
  assert.equal(ask('/healthz', 'HEAD').status, 200);
});

test('what goes wrong behind an address is a problem, and its reason stays in the log', async () => {
  const broken = await askLater('/broken');
  assert.equal(broken.status, 500);
  assert.equal(broken.headers['content-type'], 'application/problem+json');
  assert.ok(!broken.body.includes('secret'));
  assert.ok(lines.some((line) => line.includes('of /etc/secret')));
  const gone = await askLater('/gone');
  assert.equal(gone.headers['x-why'], 'age');
  const problem = { type: 'about:blank', title: 'Gone', status: 410, detail: 'It is gone.' };
  assert.deepEqual(JSON.parse(gone.body), problem);
});

test('a bearer is taken from its header and compared as a whole', () => {
  const from = (authorization?: string) =>
    bearerOf({ headers: { authorization } } as IncomingMessage);
  assert.equal(from('Bearer abc.d-e_f=='), 'abc.d-e_f==');
  assert.equal(from('bearer  abc'), 'abc');
  for (const wrong of [undefined, '', 'abc', 'Basic abc', 'Bearer ', 'Bearer a b']) {
    assert.equal(from(wrong), null, String(wrong));
  }
  assert.equal(isOneOf(['one', 'two'], 'two'), true);
  assert.equal(isOneOf(['one', 'two'], 'on'), false);
  assert.equal(isOneOf(['one', ''], null), false);
  assert.equal(isOneOf([], 'one'), false);
});

test('a page that was not built is told so', () => {
  const empty = mkdtempSync(join(tmpdir(), 'sluice-http-'));
  assert.throws(() => loadPage(empty, kConfig), /not built/);
  rmSync(empty, { recursive: true });
});

test('a certificate is made once, kept private, and renewed when it has to be', async () => {
  const state = join(folder, 'state');
  const names = ['localhost', '127.0.0.1', '::1'];
  const first = await obtainCertificate(state, names);
  assert.equal(statSync(join(state, 'https-key.pem')).mode & 0o777, 0o600);
  assert.equal((await obtainCertificate(state, names)).cert, first.cert);

  const inAYear = Date.now() + 380 * 24 * 3600 * 1000;
  assert.equal(isUsable(first, names, Date.now()), true);
  assert.equal(isUsable(first, names, inAYear), false, 'about to expire');
  assert.equal(isUsable(first, ['sfu.example'], Date.now()), false, 'for another name');
  assert.equal(isUsable({ ...first, key: 'garbage' }, names, Date.now()), false);

  const wider = await obtainCertificate(state, [...names, 'sfu.example']);
  assert.notEqual(wider.cert, first.cert);
});
