import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock, settle } from '../../testing/fake_clock';
import { FakeWhipEngine } from '../../testing/fake_whip_media';
import { Log } from '../log';
import { Refusal } from '../refusal';
import { WhipFrontDoor } from './front_door';
import type { FrontDoorOptions, WhipRequest } from './front_door';
import { problem } from '../http_problem';

const kSdpType = { 'content-type': 'application/sdp' };
const kFragmentType = { 'content-type': 'application/trickle-ice-sdpfrag' };
const kOffer = 'v=0\r\n';
const kPwd = 'aPasswordOfMoreThan22Letters';
const kAddress = '192.0.2.7';

function doorWith(changes: Partial<FrontDoorOptions> = {}) {
  const clock = new FakeClock();
  const engine = new FakeWhipEngine();
  const lines: string[] = [];
  const door = new WhipFrontDoor({
    open: engine.open,
    checkToken: null,
    iceServers: [],
    corsOrigins: [],
    maxSessions: 10,
    clock,
    log: new Log('debug', (line) => lines.push(line)),
    ...changes,
  });
  const ask = (
    method: string,
    url: string,
    { body = '', ...rest }: { headers?: object; body?: string; address?: string } = {},
  ) => {
    const [path = '', query = ''] = url.split('?', 2);
    const request = { method, path, query: new URLSearchParams(query), address: kAddress };
    const read = async () => body;
    return door.handle({ ...request, headers: {}, body: read, ...rest } as WhipRequest);
  };
  const post = (url = '/whip/blue', headers: object = {}, address = kAddress) =>
    ask('POST', url, { headers: { ...kSdpType, ...headers }, body: kOffer, address });
  const patch = (url: string, etag: string | null, body: string, headers: object = {}) =>
    ask('PATCH', url, {
      headers: { ...kFragmentType, ...(etag === null ? {} : { 'if-match': etag }), ...headers },
      body,
    });
  const created = async (url?: string, headers?: object) => {
    const { status, headers: fields } = await post(url, headers);
    assert.equal(status, 201);
    return { location: String(fields.Location), etag: String(fields.ETag) };
  };
  return { clock, engine, door, ask, post, patch, created, lines };
}

const asToken = (token: string) => ({ authorization: `Bearer ${token}` });

// Lets "good..." in; those with "brief" are good for a minute.
const checkToken: FrontDoorOptions['checkToken'] = async (_, token) => {
  if (!token?.startsWith('good')) throw new Refusal('unauthorized', 'This token is not valid.');
  return { name: 'Ada', validForMs: token.includes('brief') ? 60_000 : null };
};

test('an offer is answered with 201, where the session is, and its ETag', async () => {
  const { post, engine } = doorWith();
  const { status, headers, body } = await post('/whip/blue?name=Bo');
  assert.equal(status, 201);
  assert.equal(headers['Content-Type'], 'application/sdp');
  assert.match(String(headers.Location), /^\/whip\/blue\/~[A-Za-z0-9_-]{32}$/);
  assert.match(String(headers.ETag), /^"[A-Za-z0-9_-]+"$/);
  assert.equal(headers['Accept-Patch'], 'application/trickle-ice-sdpfrag');
  assert.equal(body, 'v=0\r\nanswer\r\n');
  assert.equal(engine.last.request.name, 'Bo');
});

test('what there is to watch is read from the address', async () => {
  const { post, engine } = doorWith();
  const watched = async (url: string) => {
    assert.equal((await post(url)).status, 201, url);
    const { kind, participant, source } = engine.last.request.endpoint;
    return [kind, participant, source];
  };
  assert.deepEqual(await watched('/whep/blue'), ['watch', null, 'camera']);
  assert.deepEqual(await watched('/whep/blue/Ada%20L'), ['watch', 'Ada L', 'camera']);
  assert.deepEqual(await watched('/whep/blue/Ada/screen'), ['watch', 'Ada', 'screen']);
});

test('addresses that stand for nothing are 404', async () => {
  const { post } = doorWith();
  for (const url of [
    '/whip/',
    '/whip/a%2Fb',
    '/whip/%ff',
    '/whip/blue/Ada',
    '/whip/blue/~short',
    '/whep/blue/',
    '/whep/blue/Ada/kitchen',
    '/whep/blue/Ada/screen/more',
    `/whep/blue/${'x'.repeat(300)}`,
    '/constructor/blue',
  ]) {
    assert.equal((await post(url)).status, 404, url);
  }
});

test('a body of another type is 415 and told which one to send', async () => {
  const { ask, patch, created } = doorWith();
  const wrong = await ask('POST', '/whip/blue', { headers: { 'content-type': 'text/plain' } });
  assert.equal(wrong.status, 415);
  assert.equal(wrong.headers['Accept-Post'], 'application/sdp');
  assert.equal((await ask('POST', '/whip/blue')).status, 415);
  const coded = { ...kSdpType, 'content-encoding': 'gzip' };
  assert.equal((await ask('POST', '/whip/blue', { headers: coded })).status, 415);
  const { location, etag } = await created();
  const answer = await patch(location, etag, 'a=x', { 'content-type': 'application/sdp' });
  assert.equal(answer.status, 415);
  assert.equal(answer.headers['Accept-Patch'], 'application/trickle-ice-sdpfrag');
});

test('parameters and letters of the content type do not matter', async () => {
  const { post } = doorWith();
  const { status } = await post('/whip/blue', { 'content-type': 'Application/SDP; charset=utf-8' });
  assert.equal(status, 201);
});

test('a client that could not read an answer is told 406', async () => {
  const { post } = doorWith();
  assert.equal((await post('/whip/blue', { accept: 'text/html' })).status, 406);
  assert.equal((await post('/whip/blue', { accept: 'application/sdp;q=0' })).status, 406);
  assert.equal((await post('/whip/blue', { accept: 'text/html, */*;q=0.1' })).status, 201);
});

test('other methods are 405 and told which ones there are', async () => {
  const { ask, created } = doorWith();
  for (const method of ['PUT', 'PATCH', 'DELETE', 'BREW']) {
    const { status, headers } = await ask(method, '/whip/blue');
    assert.equal(status, 405, method);
    assert.equal(headers.Allow, 'POST, GET, HEAD, OPTIONS');
  }
  const { location } = await created();
  for (const method of ['PUT', 'POST']) {
    const { status, headers } = await ask(method, location);
    assert.equal(status, 405, method);
    assert.equal(headers.Allow, 'PATCH, DELETE, GET, HEAD, OPTIONS');
  }
});

test('GET and HEAD answer without content, and a session tells its ETag', async () => {
  const { ask, created } = doorWith();
  const { location, etag } = await created();
  for (const method of ['GET', 'HEAD']) {
    assert.equal((await ask(method, '/whip/blue')).status, 204);
    const { status, headers, body } = await ask(method, location);
    assert.deepEqual([status, headers.ETag, body], [204, etag, null]);
  }
  assert.equal((await ask('HEAD', `/whip/blue/~${'x'.repeat(32)}`)).body, null);
});

test('refusals are problem details', async () => {
  const { ask } = doorWith();
  const { headers, body } = await ask('PUT', '/whip/blue');
  assert.equal(headers['Content-Type'], 'application/problem+json');
  const { status, title, detail } = JSON.parse(body ?? '');
  assert.deepEqual([status, title], [405, 'Method Not Allowed']);
  assert.match(detail, /POST/);
});

test('an empty or malformed offer is 400, and nothing is left of it', async () => {
  const { ask, engine, door } = doorWith({ maxSessions: 1 });
  for (const body of ['', '  \r\n', 'hello']) {
    const { status } = await ask('POST', '/whip/blue', { headers: kSdpType, body });
    assert.equal(status, 400, body);
  }
  assert.equal(engine.made.length, 0);
  assert.deepEqual(door.counts().refused, { 400: 3 });
  assert.equal((await ask('POST', '/whip/a', { headers: kSdpType, body: kOffer })).status, 201);
});

test('what the conference refuses is told by status, with when to come again', async () => {
  const { post, engine } = doorWith();
  const told = async (failure: Error) => {
    engine.failure = failure;
    const { status, headers } = await post();
    return [status, headers['Retry-After']];
  };
  assert.deepEqual(await told(new Refusal('room_full', 'This room is full.')), [503, '5']);
  assert.deepEqual(await told(new Refusal('unavailable', 'Restarting.')), [503, '5']);
  assert.deepEqual(await told(new Refusal('bad_request', 'No such codec.')), [422, undefined]);
  const notLive = problem(409, 'Not live.', { 'Retry-After': '2' });
  assert.deepEqual(await told(notLive), [409, '2']);
});

test("what is nobody else's business stays in the log", async () => {
  const { post, engine, lines } = doorWith();
  engine.failure = new Error('port 40000 at /run/worker');
  const { status, body } = await post();
  assert.equal(status, 500);
  assert.ok(!body?.includes('40000'));
  assert.ok(lines.some((line) => line.includes('port 40000')));
});

test('candidates need the ETag of the ICE session', async () => {
  const { patch, created } = doorWith();
  const { location, etag } = await created();
  const body = `a=ice-ufrag:first\r\na=ice-pwd:${kPwd}\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n`;
  assert.equal((await patch(location, null, body)).status, 428);
  assert.equal((await patch(location, '"another"', body)).status, 412);
  assert.equal((await patch(location, `W/${etag}`, body)).status, 412);
  const { status, headers } = await patch(location, `"x", ${etag}`, body);
  assert.deepEqual([status, headers.ETag], [204, undefined]);
});

test('a fragment that is none is 400', async () => {
  const { patch, created } = doorWith();
  const { location, etag } = await created();
  assert.equal((await patch(location, etag, 'hello')).status, 400);
});

test('a restart is 200 with the fragment of the server, and another ETag from then on', async () => {
  const { patch, created, engine } = doorWith();
  const { location, etag } = await created();
  const { status, headers, body } = await patch(
    location,
    '*',
    `a=ice-ufrag:second\r\na=ice-pwd:${kPwd}\r\n`,
  );
  assert.equal(status, 200);
  assert.equal(headers['Content-Type'], 'application/trickle-ice-sdpfrag');
  assert.notEqual(headers.ETag, etag);
  assert.equal(body, 'a=ice-ufrag:server1\r\n');
  const late = `a=ice-ufrag:second\r\na=ice-pwd:${kPwd}\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n`;
  assert.equal((await patch(location, etag, late)).status, 412);
  assert.equal((await patch(location, String(headers.ETag), late)).status, 204);
  assert.equal(engine.last.restarts, 1);
});

test('a restart that fails leaves the ICE session as it is', async () => {
  const { patch, created, engine } = doorWith();
  const { location, etag } = await created();
  engine.last.gate = Promise.reject(problem(503, 'Not now.'));
  assert.equal(
    (await patch(location, '"*"', `a=ice-ufrag:second\r\na=ice-pwd:${kPwd}\r\n`)).status,
    503,
  );
  assert.equal(
    (await patch(location, etag, `a=ice-ufrag:first\r\na=ice-pwd:${kPwd}\r\n`)).status,
    204,
  );
});

test('candidates that were sent while a restart was under way are of the old session', async () => {
  const { patch, created, engine } = doorWith();
  const { location, etag } = await created();
  let open = () => {};
  engine.last.gate = new Promise((resolve) => (open = resolve));
  const restart = patch(location, '*', `a=ice-ufrag:second\r\na=ice-pwd:${kPwd}\r\n`);
  const trickle = patch(
    location,
    etag,
    `a=ice-ufrag:first\r\na=ice-pwd:${kPwd}\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n`,
  );
  await settle();
  open();
  assert.equal((await restart).status, 200);
  assert.equal((await trickle).status, 412);
});

test('requests that wait for one another are bounded', async () => {
  const { patch, created, engine } = doorWith();
  const { location } = await created();
  let open = () => {};
  engine.last.gate = new Promise((resolve) => (open = resolve));
  const asked = Array.from({ length: 20 }, () =>
    patch(location, '*', `a=ice-ufrag:xxxx\r\na=ice-pwd:${kPwd}\r\n`),
  );
  await settle();
  open();
  const refused = (await Promise.all(asked)).filter(({ status }) => status === 429);
  assert.equal(refused.length, 4);
});

test('DELETE ends the session, whatever ETag it names, and a second one is 404', async () => {
  const { ask, created, engine, door } = doorWith();
  const { location } = await created();
  engine.last.listener.connected();
  assert.equal(door.counts().publishing, 1);
  const { status } = await ask('DELETE', location, { headers: { 'if-match': '"old"' } });
  assert.equal(status, 200);
  assert.ok(engine.last.closed);
  for (const method of ['DELETE', 'GET', 'PATCH']) {
    assert.equal((await ask(method, location)).status, 404, method);
  }
  assert.deepEqual(door.counts().ended, { deleted: 1 });
});

test('a session is reached by its own address only', async () => {
  const { ask, created } = doorWith();
  const { location } = await created();
  assert.equal((await ask('DELETE', location.replace('whip', 'whep'))).status, 404);
  assert.equal((await ask('DELETE', location.replace('blue', 'red'))).status, 404);
  assert.equal((await ask('DELETE', location)).status, 200);
});

test('a session that never connects ends after 30 s, one that did goes on', async () => {
  const { created, engine, clock, door } = doorWith();
  await created();
  await created();
  const [first, second] = engine.made;
  second?.listener.connected();
  await clock.advance(30_000);
  assert.deepEqual([first?.closed, second?.closed], [true, false]);
  assert.deepEqual(door.counts().ended, { 'never connected': 1 });
});

test('lost consent ends a session and makes room for another', async () => {
  const { created, engine, ask, post } = doorWith({ maxSessions: 1 });
  const { location } = await created();
  assert.equal((await post()).status, 503);
  engine.last.listener.ended('consent was lost');
  assert.equal((await ask('GET', location)).status, 404);
  assert.equal((await post()).status, 201);
});

test('without a token, or with a bad one, 401 asks for one', async () => {
  const { post, engine } = doorWith({ checkToken });
  const none = await post();
  assert.deepEqual([none.status, none.headers['WWW-Authenticate']], [401, 'Bearer realm="sluice"']);
  const bad = await post('/whip/blue', asToken('bad'));
  assert.equal(bad.status, 401);
  assert.match(String(bad.headers['WWW-Authenticate']), /invalid_token/);
  assert.equal((await post('/whip/blue', { authorization: 'Basic dTpw' })).status, 400);
  assert.equal(engine.made.length, 0);
  assert.equal((await post('/whip/blue?name=Eve', asToken('good'))).status, 201);
  assert.equal(engine.last.request.name, 'Ada', 'the token fixes the name');
});

test('nobody touches a session with another token', async () => {
  const { created, ask, patch } = doorWith({ checkToken });
  const { location, etag } = await created('/whip/blue', asToken('good-one'));
  assert.equal((await ask('DELETE', location)).status, 401);
  assert.equal((await ask('DELETE', location, { headers: asToken('bad') })).status, 401);
  const other = asToken('good-other');
  assert.equal((await ask('DELETE', location, { headers: other })).status, 403);
  assert.equal((await patch(location, etag, 'a=x', other)).status, 403);
  const own = asToken('good-one');
  assert.equal((await ask('DELETE', location, { headers: own })).status, 200);
});

test('a session ends with its token', async () => {
  const { created, engine, clock, door } = doorWith({ checkToken });
  await created('/whip/blue', asToken('good-brief'));
  engine.last.listener.connected();
  await clock.advance(59_000);
  assert.equal(engine.last.closed, false);
  await clock.advance(1000);
  assert.ok(engine.last.closed);
  assert.deepEqual(door.counts().ended, { 'the token expired': 1 });
});

test('a token that is good for months does not end at once', async () => {
  const months = 200 * 24 * 3600 * 1000;
  const forMonths = async () => ({ name: null, validForMs: months });
  const { created, engine, clock } = doorWith({ checkToken: forMonths });
  await created('/whip/blue', asToken('any'));
  engine.last.listener.connected();
  await clock.advance(months - 1000);
  assert.equal(engine.last.closed, false);
  await clock.advance(1000);
  assert.ok(engine.last.closed);
});

test('a flood from one address is 429, others are served', async () => {
  const { ask, clock } = doorWith();
  const statuses = [];
  for (let at = 0; at < 50; ++at) statuses.push((await ask('GET', '/whip/blue')).status);
  assert.equal(statuses.filter((status) => status === 204).length, 40);
  assert.equal(statuses.filter((status) => status === 429).length, 10);
  assert.equal((await ask('GET', '/whip/blue', { address: '192.0.2.8' })).status, 204);
  await clock.advance(1000);
  assert.equal((await ask('GET', '/whip/blue')).status, 204);
});

test('whoever has a network of IPv6 addresses is still one', async () => {
  const { ask } = doorWith({ allowance: { addressBurst: 2 } });
  const from = async (address: string) => (await ask('GET', '/whip/blue', { address })).status;
  const network = ['2001:db8::1', '2001:db8:0:0:1:2:3:4', '2001:0db8::ffff:0:1'];
  assert.deepEqual(await Promise.all(network.map(from)), [204, 204, 429]);
  assert.equal(await from('2001:db8:0:1::1'), 204);
  assert.equal(await from('2001:db9::'), 204);
  assert.equal(await from('fe80::1%eth0'), 204);
  // IPv4 on a socket of both kinds.
  const four = ['::ffff:192.0.2.1', '::ffff:192.0.2.2', '::ffff:192.0.2.3'];
  assert.deepEqual(await Promise.all(four.map(from)), [204, 204, 204]);
});

test('a flood from everywhere is 503', async () => {
  const { ask } = doorWith({ allowance: { serverRate: 1, serverBurst: 20 } });
  const statuses = [];
  for (let at = 0; at < 30; ++at) {
    const { status } = await ask('GET', '/whip/blue', { address: `192.0.2.${at}` });
    statuses.push(status);
  }
  assert.equal(statuses.filter((status) => status === 503).length, 10);
});

test('sessions of one address and of the server are bounded, also while they are opened', async () => {
  const { post, engine } = doorWith({ maxSessions: 3, allowance: { maxSessionsPerAddress: 2 } });
  let open = () => {};
  engine.gate = new Promise((resolve) => (open = resolve));
  const asked = [
    post(),
    post(),
    post(),
    post('/whip/a', {}, '2001:db8:1::2'),
    post('/whip/a', {}, '2001:db8:2::3'),
  ];
  await settle();
  open();
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  assert.deepEqual(statuses, [201, 201, 429, 201, 503]);
});

test('a proxy on this machine is no single client', async () => {
  const { post } = doorWith({ allowance: { maxSessionsPerAddress: 1, addressBurst: 1 } });
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
    assert.equal((await post('/whip/blue', {}, address)).status, 201);
    assert.equal((await post('/whip/blue', {}, address)).status, 201);
  }
});

test('ICE servers are told when a session is made, and before to those who may make one', async () => {
  const iceServers = [
    { urls: ['stun:stun.example.org'] },
    { urls: ['turn:turn.example.org?transport=udp'], username: 'a"b', credential: 's\\ecret' },
  ];
  const { post, ask } = doorWith({ iceServers });
  const guarded = doorWith({ iceServers, checkToken });
  const links = [
    '<stun:stun.example.org>; rel="ice-server"',
    '<turn:turn.example.org?transport=udp>; rel="ice-server"; username="a\\"b"; ' +
      'credential="s\\\\ecret"; credential-type="password"',
  ];
  assert.deepEqual((await post()).headers.Link, links);
  assert.deepEqual((await ask('OPTIONS', '/whip/blue')).headers.Link, links);
  const preflight = { 'access-control-request-method': 'POST' };
  assert.equal(
    (await ask('OPTIONS', '/whip/blue', { headers: preflight })).headers.Link,
    undefined,
  );
  const asked = (headers: object) => guarded.ask('OPTIONS', '/whip/blue', { headers });
  assert.deepEqual((await asked(asToken('good'))).headers.Link, links);
  const stranger = await asked({});
  assert.deepEqual([stranger.status, stranger.headers.Link], [200, undefined]);
  const bad = await asked(asToken('bad'));
  assert.deepEqual([bad.status, bad.headers.Link], [401, undefined]);
});

test('OPTIONS tells what may be sent', async () => {
  const { ask, created } = doorWith();
  const { status, headers } = await ask('OPTIONS', '/whip/blue');
  assert.equal(status, 200);
  assert.equal(headers['Accept-Post'], 'application/sdp');
  const { location } = await created();
  assert.equal(
    (await ask('OPTIONS', location)).headers['Accept-Patch'],
    'application/trickle-ice-sdpfrag',
  );
});

test('a page of a site that was allowed may read the answers, another one may not', async () => {
  const { ask, post } = doorWith({ corsOrigins: ['https://studio.example'] });
  const from = (origin: string) => ({ headers: { origin } });
  const preflight = await ask('OPTIONS', '/whip/blue', from('https://studio.example'));
  assert.equal(preflight.headers['Access-Control-Allow-Origin'], 'https://studio.example');
  assert.match(String(preflight.headers['Access-Control-Allow-Headers']), /If-Match/);
  assert.match(String(preflight.headers['Access-Control-Allow-Methods']), /POST/);
  const answer = await post('/whip/blue', { origin: 'https://studio.example' });
  assert.match(String(answer.headers['Access-Control-Expose-Headers']), /Location, ETag, Link/);
  const other = await ask('OPTIONS', '/whip/blue', from('https://evil.example'));
  assert.equal(other.headers['Access-Control-Allow-Origin'], undefined);
  assert.equal(other.headers.Vary, 'Origin');
  const refusal = await ask('PUT', '/whip/blue', from('https://studio.example'));
  assert.equal(refusal.headers['Access-Control-Allow-Origin'], 'https://studio.example');
});

test('closing ends every session, also one that is just being opened', async () => {
  const { created, post, engine, door } = doorWith();
  await created();
  let open = () => {};
  engine.gate = new Promise((resolve) => (open = resolve));
  const opening = post();
  await settle();
  door.close();
  open();
  assert.equal((await opening).status, 503);
  assert.ok(engine.made.every(({ closed }) => closed));
  assert.equal((await post()).status, 503);
});
