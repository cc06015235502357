import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import { Stage } from '../testing/stage';
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
  assert.deepEqual(await verifier.verify(token(), 'blue', kNow), { name: null });
  const named = token({ name: '  Ann\u0000 Lee ' });
  assert.deepEqual(await verifier.verify(named, 'blue', kNow), { name: 'Ann Lee' });
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
  assert.deepEqual(await both.verify(token(), 'blue', kNow), { name: null });
  const fresh = token({}, { alg: 'HS256' }, 'n'.repeat(32));
  assert.deepEqual(await both.verify(fresh, 'blue', kNow), { name: null });
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
