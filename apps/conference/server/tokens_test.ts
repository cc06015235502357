import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { FakeClock } from '../testing/fake_clock';
import { Stage } from '../testing/stage';
import { afterLong } from './clock';
import { kUsualGrants } from './grants';
import { TokenVerifier } from './tokens';

const kSecret = '0123456789abcdef0123456789abcdef';
const kNow = new Date('2026-11-23T12:00:00Z');
const kHour = 3600;

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

// Signs by hand: a library would refuse to make most of what is tried here.
function token(changes: object = {}, header: object = { alg: 'HS256' }, secret = kSecret): string {
  const exp = kNow.getTime() / 1000 + kHour;
  const claims = { aud: 'sluice-conference', room: 'blue', exp, ...changes };
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const verifier = new TokenVerifier([kSecret]);
const refused = (text: string | undefined, reason: RegExp) =>
  assert.rejects(verifier.verify(text, 'blue', kNow), { code: 'unauthorized', message: reason });

test('a good token opens its room and may carry a name', async () => {
  const plain = await verifier.verify(token(), 'blue', kNow);
  const expiresAt = kNow.getTime() + kHour * 1000;
  const nobody = { name: null, identity: null, metadata: null };
  assert.deepEqual(plain, { ...nobody, grants: kUsualGrants, expiresAt });
  const named = await verifier.verify(token({ name: '  Ann\u0000 Lee ' }), 'blue', kNow);
  assert.equal(named.name, 'Ann Lee');
});

test('identity and metadata are passed on, within bounds', async () => {
  const metadata = { seat: 7 };
  const good = await verifier.verify(token({ sub: 'user-1', metadata }), 'blue', kNow);
  assert.equal(good.identity, 'user-1');
  assert.deepEqual(good.metadata, metadata);
  await refused(token({ sub: 'x'.repeat(129) }), /too long/);
  await refused(token({ sub: '' }), /too long/);
  await refused(token({ metadata: 'x'.repeat(1025) }), /too long/);
});

test('a star stands for every room that begins so', async () => {
  const good = (room: string, of: string) => verifier.verify(token({ room }), of, kNow);
  assert.ok(await good('team-*', 'team-7'));
  assert.ok(await good('*', 'anything'));
  await assert.rejects(good('team-*', 'tea'), { message: /another room/ });
  for (const room of ['te*am', '**', '', '-*']) {
    await assert.rejects(good(room, 'team'), { message: /names no room/ }, room);
  }
});

test('a token is good from its time on', async () => {
  const nbf = kNow.getTime() / 1000 + 600;
  await refused(token({ nbf }), /not valid yet/);
  const later = new Date(kNow.getTime() + 601_000);
  assert.ok(await verifier.verify(token({ nbf }), 'blue', later));
});

test('grants are words, and those that let nobody in are refused', async () => {
  const of = async (grants: unknown) =>
    (await verifier.verify(token({ grants }), 'blue', kNow)).grants;
  const none = { publish: new Set(), subscribe: false, publishData: false, admin: false };
  assert.deepEqual(await of(['join']), none);
  assert.deepEqual(await of(['subscribe', 'of-a-later-version']), { ...none, subscribe: true });
  const camera = new Set(['camera']);
  assert.deepEqual(await of(['publish:camera']), { ...none, publish: camera });
  assert.equal((await of(['publish'])).publish.size, 4);
  assert.equal((await of(['admin'])).admin, true);
  for (const grants of [[], ['of-a-later-version'], 'join', {}, null, Array(33).fill('join')]) {
    await refused(token({ grants }), /lets nobody join/);
  }
});

test('no token, no entry', () => refused(undefined, /needs an invitation/));

test('algorithm none is refused, signed or not', async () => {
  await refused(token({}, { alg: 'none' }), /not valid/);
  const [header, claims] = token({}, { alg: 'none' }).split('.');
  await refused(`${header}.${claims}.`, /not valid/);
});

test('another algorithm of the same family is refused', async () => {
  const exp = kNow.getTime() / 1000 + kHour;
  const claims = part({ aud: 'sluice-conference', room: 'blue', exp });
  const text = `${part({ alg: 'HS512' })}.${claims}`;
  const signature = createHmac('sha512', kSecret).update(text).digest('base64url');
  await refused(`${text}.${signature}`, /not valid/);
});

test('an expired token is refused with a reason', () =>
  refused(token({ exp: kNow.getTime() / 1000 - 60 }), /has expired/));

test('a token that never expires is refused', () =>
  refused(token({ exp: undefined }), /not valid/));

test('a token for another room is refused', () => refused(token({ room: 'red' }), /another room/));

test('a token without a room is refused', async () => {
  await refused(token({ room: undefined }), /not valid/);
  await refused(token({ room: 7 }), /names no room/);
});

test('a token for another service is refused', async () => {
  await refused(token({ aud: 'billing' }), /not valid/);
  await refused(token({ aud: undefined }), /not valid/);
});

test('a token signed by somebody else is refused', () =>
  refused(token({}, { alg: 'HS256' }, 'f'.repeat(32)), /not valid/));

test('while secrets change, tokens of the old and of the new one are good', async () => {
  const both = new TokenVerifier(['n'.repeat(32), kSecret]);
  assert.ok(await both.verify(token(), 'blue', kNow));
  const fresh = token({}, { alg: 'HS256' }, 'n'.repeat(32));
  assert.ok(await both.verify(fresh, 'blue', kNow));
  const expired = token({ exp: kNow.getTime() / 1000 - 60 });
  await assert.rejects(both.verify(expired, 'blue', kNow), { message: /has expired/ });
});

test('a tampered token is refused', () => {
  const [header, , signature] = token({ room: 'red' }).split('.');
  const exp = kNow.getTime() / 1000 + kHour;
  const claims = part({ aud: 'sluice-conference', room: 'blue', exp });
  return refused(`${header}.${claims}.${signature}`, /not valid/);
});

test('garbage is refused and never echoed', async () => {
  for (const text of ['x', 'a.b.c', '..', 'e30.e30.', '\u0000']) await refused(text, /not valid/);
});

test('the server asks for a token before anything else and names people by it', async () => {
  const exp = Math.floor(Date.now() / 1000) + kHour;
  const stage = await Stage.open(1, { tokens: verifier });
  assert.equal((await stage.client('blue').join()).error?.code, 'unauthorized');
  assert.equal(stage.conference.roomCount, 0);
  const wrong = await stage.client('red').join({ token: token({ exp }) });
  assert.equal(wrong.error?.code, 'unauthorized');
  const right = await stage
    .client('blue')
    .join({ name: 'Mallory', token: token({ exp, name: 'Ann' }) });
  assert.equal(right.data.name, 'Ann');
});

test('who is in the room when the invitation expires is told and leaves', async () => {
  let wall = Date.now();
  const stage = await Stage.open(1, { tokens: verifier, wallClock: () => wall });
  const exp = Math.floor(wall / 1000) + 60;
  const [ann, bo] = [stage.client('blue'), stage.client('blue')];
  assert.ok((await ann.join({ token: token({ exp }) })).ok);
  assert.ok((await bo.join({ token: token({ exp: exp + 600 }) })).ok);
  for (const { socket } of [ann, bo]) stage.clock.every(5000, () => socket.pong());
  wall += 59_000;
  await stage.clock.advance(59_000);
  assert.equal(ann.socket.closedWith, null);
  wall += 1_500;
  await stage.clock.advance(1_500);
  assert.deepEqual(
    ann.events('dismissed').map(({ why }) => why),
    ['expired'],
  );
  assert.equal(ann.socket.closedWith, 4003);
  assert.equal(bo.events('peerLeft').length, 1);
  assert.equal(bo.socket.closedWith, null);
});

test('an invitation for longer than a timer holds does not end at once', async () => {
  const clock = new FakeClock();
  let ended = 0;
  const days = 86_400_000;
  afterLong(clock, 60 * days, () => (ended = clock.now()));
  const cancel = afterLong(clock, 60 * days, () => assert.fail('was cancelled'));
  await clock.advance(30 * days);
  cancel();
  await clock.advance(29 * days);
  assert.equal(ended, 0);
  await clock.advance(days);
  assert.equal(ended, 60 * days);
});
