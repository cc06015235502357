import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TokenVerifier } from '../server/tokens';
import { calledAs } from '../server/called_as';
import { readRequest, sign, TokenFault, tokenUsage } from './invitation';

const kSecret = 's'.repeat(32);
const kNow = Date.UTC(2026, 10, 26, 12);

async function invitation(...args: string[]) {
  const request = readRequest(args);
  assert.ok(request);
  const token = await sign(request, kSecret, kNow);
  return new TokenVerifier([kSecret]).verify(token, 'blue', new Date(kNow + 1000));
}

test('what is asked for is what the server reads', async () => {
  const words = ['--grant', 'publish:camera,subscribe', '--grant', 'admin'];
  const who = ['--name', 'Ann', '--identity', 'u1', '--metadata', '{"a":1}', '--expires', '90m'];
  assert.deepEqual(await invitation('--room', 'blue', ...words, ...who), {
    name: 'Ann',
    identity: 'u1',
    metadata: { a: 1 },
    grants: { publish: new Set(['camera']), subscribe: true, publishData: false, admin: true },
    expiresAt: kNow + 90 * 60_000,
  });
});

test('without options it is everything but admin, for an hour', async () => {
  const { grants, expiresAt } = await invitation('--room', 'b*');
  assert.equal(grants.publish.size, 4);
  assert.equal(grants.admin, false);
  assert.equal(expiresAt, kNow + 3_600_000);
});

test('not before is counted from now', () =>
  assert.rejects(invitation('--room', 'blue', '--not-before', '10m'), {
    message: /not valid yet/,
  }));

for (const [args, option] of [
  [[], '--room'],
  [['--room', '/'], '--room'],
  [['--room', 'b', '--grant', 'publish:camra'], '--grant'],
  [['--room', 'b', '--grant', ''], '--grant'],
  [['--room', 'b', '--expires', '1'], '--expires'],
  [['--room', 'b', '--expires', '0s'], '--expires'],
  [['--room', 'b', '--expires', '400d'], '--expires'],
  [['--room', 'b', '--not-before', 'x'], '--not-before'],
  [['--room', 'b', '--name', ' '], '--name'],
  [['--room', 'b', '--identity', ''], '--identity'],
  [['--room', 'b', '--metadata', '{'], '--metadata'],
  [['--room', 'b', '--metadata', `"${'x'.repeat(1024)}"`], '--metadata'],
  [['--colour'], '--colour'],
  [['extra'], 'extra'],
] as const) {
  test(`token "${args.join(' ').slice(0, 50)}" is refused in a sentence that names ${option}`, () => {
    assert.throws(
      () => readRequest([...args]),
      (error: unknown) => error instanceof TokenFault && error.message.includes(option),
    );
  });
}

test('the help names the command that was used', () => {
  assert.match(tokenUsage(calledAs('token', {})), /^Usage: npm run token -- --room ROOM /);
  const installed = calledAs('token', { SLUICE_CALLED_AS: 'sluice-conference token' });
  assert.match(tokenUsage(installed), /^Usage: sluice-conference token --room ROOM /);
});

test('help asks for nothing else', () => assert.equal(readRequest(['--help']), null));
