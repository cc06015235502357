// A scripted client that keeps and breaks every rule of WHIP and WHEP, with nobody behind it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

import { until } from '../support/until.js';
import {
  ask,
  kNewCredentials,
  kOldCredentials,
  locationOf,
  patch,
  post,
  scriptedOffer,
  signedToken,
  urlOf,
} from '../support/whip_client.js';

const kFragmentType = 'application/trickle-ice-sdpfrag';
const kViewer = scriptedOffer({ direction: 'recvonly' });

// Each status that a client may meet without a token.
export async function scripted(stage, { server }) {
  const room = stage.freshRoom('scripted');
  const url = urlOf(server, `/whip/${room}`);
  const created = await post(`${url}?name=Encoder`, { Accept: 'application/sdp' });
  assert.equal(created.status, 201);
  assert.equal(created.header('content-type'), 'application/sdp');
  assert.match(created.header('link'), /<stun:stun\.example\.org>; rel="ice-server"/);
  const etag = created.header('etag');
  const session = locationOf(created, url);
  assert.match(created.body, /^v=0\r\n[\s\S]*a=candidate:/);

  const options = await ask('OPTIONS', url, { Origin: 'https://studio.example' });
  assert.equal(options.status, 200);
  assert.equal(options.header('accept-post'), 'application/sdp');
  assert.equal(options.header('access-control-allow-origin'), 'https://studio.example');
  assert.equal((await ask('GET', url)).status, 204);
  assert.equal((await ask('HEAD', session)).status, 204);

  const statuses = {
    400: [
      await post(url, { body: 'v=0\r\nnonsense' }),
      await post(url, { body: '' }),
      await patch(session, 'hello', { 'If-Match': etag }),
    ],
    404: [await post(urlOf(server, '/whip/a%2Fb')), await ask('GET', session.slice(0, -1))],
    405: [await ask('PUT', url), await ask('DELETE', url), await ask('PUT', session)],
    406: [await post(url, { Accept: 'text/html' })],
    409: [await post(urlOf(server, `/whep/${room}/Nobody`), { body: kViewer })],
    412: [await patch(session, kOldCredentials, { 'If-Match': '"another"' })],
    413: [await post(url, { body: scriptedOffer().padEnd(65_537) })],
    415: [
      await post(url, { type: 'text/plain' }),
      await patch(session, kOldCredentials, { type: 'application/sdp', 'If-Match': etag }),
    ],
    422: [
      await post(url, { body: scriptedOffer({ codec: 'THEORA' }) }),
      await post(url, { body: scriptedOffer({ direction: 'recvonly' }) }),
    ],
    428: [await patch(session, kOldCredentials)],
  };
  for (const [expected, responses] of Object.entries(statuses)) {
    for (const { status, header, body } of responses) {
      assert.equal(status, Number(expected), body);
      if (body === '') continue;
      assert.equal(header('content-type'), 'application/problem+json');
      assert.equal(JSON.parse(body).status, status);
    }
  }
  assert.equal(statuses[409][0].status, 409);
  assert.match(statuses[409][0].header('retry-after'), /^\d+$/);
  assert.match(statuses[405][2].header('allow'), /PATCH/);
  await scriptedIce(session, etag);
}

async function scriptedIce(session, etag) {
  const candidate = 'a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n';
  const trickled = await patch(session, kOldCredentials + candidate, { 'If-Match': etag });
  assert.deepEqual([trickled.status, trickled.header('etag')], [204, null]);
  const restarted = await patch(session, kNewCredentials, { 'If-Match': '*' });
  assert.equal(restarted.status, 200);
  assert.equal(restarted.header('content-type'), kFragmentType);
  assert.match(restarted.body, /a=ice-ufrag:\S+\r\na=ice-pwd:\S+\r\n/);
  const renewed = restarted.header('etag');
  assert.notEqual(renewed, etag);
  const statusWith = async (tag) =>
    (await patch(session, kNewCredentials + candidate, { 'If-Match': tag })).status;
  assert.equal(await statusWith(etag), 412);
  assert.equal(await statusWith(renewed), 204);
  // All at once, each for itself: every one is answered and the last ETag is the one that counts.
  const restarts = await Promise.all(
    ['renewal1', 'renewal2', 'renewal3'].map((name) =>
      patch(session, kNewCredentials.replaceAll('renewed', name), { 'If-Match': '"*"' }),
    ),
  );
  assert.deepEqual(
    restarts.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(new Set(restarts.map(({ header }) => header('etag'))).size, 3);
  assert.equal((await ask('DELETE', session, { 'If-Match': '"old"' })).status, 200);
  assert.equal((await ask('DELETE', session)).status, 404);
  assert.equal((await patch(session, kNewCredentials, { 'If-Match': '*' })).status, 404);
}

export async function tokens(stage) {
  const secret = randomBytes(24).toString('hex');
  const server = await stage.startServer({ workers: 1, options: ['--token-secret', secret] });
  const room = stage.freshRoom('tokens');
  const url = urlOf(server, `/whip/${room}`);
  const none = await post(url);
  assert.equal(none.status, 401);
  assert.match(none.header('www-authenticate'), /^Bearer/);
  const sign = (claims) => signedToken(secret, { room, ...claims });
  const statusOf = async (claims) => (await post(url, { token: sign(claims) })).status;
  assert.equal((await post(url, { token: 'nonsense' })).status, 401);
  assert.equal(await statusOf({ exp: 1_700_000_000 }), 401);
  assert.equal(await statusOf({ room: 'elsewhere' }), 401);
  assert.equal(await statusOf({ grants: ['subscribe'] }), 403);
  const own = sign({ name: 'Camera 1' });
  const session = locationOf(await post(url, { token: own }), url);
  assert.equal((await ask('DELETE', session)).status, 401);
  assert.equal((await ask('DELETE', session, { token: sign({ sub: 'other' }) })).status, 403);
  assert.equal((await ask('DELETE', session, { token: own })).status, 200);

  // In the middle of a session: it is over with its token, also for those in the room.
  const brief = sign({ exp: Math.floor(Date.now() / 1000) + 3, name: 'Camera 2' });
  const created = await post(url, { token: brief });
  assert.equal(created.status, 201);
  assert.equal((await server.health()).peers, 1);
  await until('the token expires', async () => (await server.health()).peers === 0);
  const later = await ask('GET', locationOf(created, url), { token: own });
  assert.equal(later.status, 404);
  await server.stop();
}

// Numbers that repeat, so that a finding can be found again (mulberry32).
function numbersFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Offers with a line dropped, doubled, swapped, or with something else in it.
function mutant(random) {
  const lines = scriptedOffer({ direction: random() < 0.5 ? 'sendonly' : 'sendrecv' }).split(
    '\r\n',
  );
  const pick = () => Math.floor(random() * lines.length);
  const noise = ['', '0', '-1', '99999999999', 'a'.repeat(2000), '\u0000', 'AA:BB', '\u{1f600}'];
  for (let times = 1 + Math.floor(random() * 3); times > 0; --times) {
    const at = pick();
    const [name, ...rest] = lines[at].split(/[:= ]/);
    const kind = Math.floor(random() * 4);
    if (kind === 0) lines.splice(at, 1);
    if (kind === 1) lines.splice(pick(), 0, lines[at]);
    if (kind === 2) [lines[at], lines[0]] = [lines[0], lines[at]];
    if (kind === 3) {
      const word = noise[Math.floor(random() * noise.length)];
      lines[at] =
        random() < 0.5 ? lines[at].replace(rest.at(-1) ?? name, word) : `${lines[at]}${word}`;
    }
  }
  return lines.join('\r\n');
}

export async function hostile(stage) {
  const server = await stage.startServer({ workers: 1 });
  const url = urlOf(server, `/whip/${stage.freshRoom('hostile')}`);
  const random = numbersFrom(9725);
  const seen = {};
  for (let at = 0; at < 150; ++at) {
    const body = mutant(random);
    const created = await post(url, { body });
    seen[created.status] = (seen[created.status] ?? 0) + 1;
    // Those that say when to come again came too fast.
    const { status } = created;
    assert.ok([201, 400, 422, 503].includes(status), `${status} ${created.body}: ${body}`);
    if (status === 201) await ask('DELETE', locationOf(created, url));
  }
  assert.ok(seen[201] > 0 && seen[400] > 0 && seen[422] > 0, JSON.stringify(seen));
  await until('nobody is left', async () => (await server.health()).rooms === 0);
  assert.equal((await post(url)).status, 201);
  assert.equal(server.workerPids(0).length, 1, 'the worker has not died of it');
  await server.stop();
}

// A hundred at once for eight places, then as many requests as can be made.
export async function flood(stage) {
  const options = ['--max-whip-sessions', '8'];
  const server = await stage.startServer({ workers: 1, options });
  const url = urlOf(server, `/whip/${stage.freshRoom('flood')}`);
  const count = (responses) =>
    responses.reduce((sums, { status }) => ({ ...sums, [status]: (sums[status] ?? 0) + 1 }), {});
  const opened = await Promise.all(Array.from({ length: 100 }, () => post(url)));
  assert.deepEqual(count(opened), { 201: 8, 503: 92 });
  assert.match(opened.find(({ status }) => status === 503).header('retry-after'), /^\d+$/);
  const asked = await Promise.all(Array.from({ length: 350 }, () => ask('OPTIONS', url)));
  const { 200: served = 0, 503: refused = 0 } = count(asked);
  // How many depends on how fast this machine asks.
  assert.equal(served + refused, 350);
  await until('it serves again', async () => (await ask('OPTIONS', url)).status === 200);
  const session = locationOf(
    opened.find(({ status }) => status === 201),
    url,
  );
  assert.equal((await ask('DELETE', session)).status, 200);
  assert.equal((await post(url)).status, 201);
  await server.stop();
}

// Of an address that is not this machine's own loopback, which is bounded by the server's limits only.
export async function perAddress(stage, address) {
  const options = ['--listen', '0.0.0.0'];
  const server = await stage.startServer({ workers: 1, options });
  const from = (host, path) => `http://${host}:${server.port}${path}`;
  const publish = (host, at) => post(from(host, `/whip/${stage.freshRoom(`own-${at}`)}`));
  const made = [];
  for (let at = 0; at < 33; ++at) made.push(await publish(address, at));
  assert.deepEqual(
    made.slice(0, 32).map(({ status }) => status),
    Array(32).fill(201),
  );
  const [, refused] = made.slice(-2);
  assert.equal(refused.status, 429, refused.body);
  assert.equal(refused.header('retry-after'), '5');
  assert.match(JSON.parse(refused.body).detail, /has 32 sessions already/);
  assert.equal((await publish('127.0.0.1', 33)).status, 201, 'others are let in');
  const session = locationOf(made[0], from(address, '/'));
  assert.equal((await ask('DELETE', session)).status, 200);
  assert.equal((await publish(address, 34)).status, 201, 'there is room for one again');

  const asked = await Promise.all(
    Array.from({ length: 60 }, () => ask('OPTIONS', from(address, '/whip/own'))),
  );
  const fast = asked.find(({ status }) => status === 429);
  assert.equal(fast?.header('retry-after'), '1', 'requests are counted as well');
  assert.equal((await ask('OPTIONS', from('127.0.0.1', '/whip/own'))).status, 200);
  const { whip } = await (await fetch(from('127.0.0.1', '/healthz'))).json();
  assert.ok(whip.refused['429'] >= 2, JSON.stringify(whip.refused));
  await server.stop();
}
