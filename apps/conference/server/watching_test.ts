import assert from 'node:assert/strict';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';

import { emptyTraffic, histogram } from '../testing/fake_stats';
import { Stage } from '../testing/stage';
import { healthOf, whyNotReady } from './health_route';
import { Problem } from './http_route';
import { kKeptSeconds, LiveHistory } from './live_history';
import { Telemetry } from './telemetry';
import { admitWatcher } from './watcher_access';

const kToken = 'a-token-of-some-length';

// 200, or the status of the refusal.
function admission(
  from: string,
  headers: Record<string, string>,
  metricsToken: string | null,
  adminSecrets: string[] = [],
): number {
  const request = new IncomingMessage(new Socket());
  Object.defineProperty(request.socket, 'remoteAddress', { value: from });
  Object.assign(request, { headers: { host: 'localhost:3000', ...headers } });
  try {
    admitWatcher(request, { metricsToken, adminSecrets });
    return 200;
  } catch (error) {
    assert.ok(error instanceof Problem);
    return error.status;
  }
}

test('without a token this machine may look, and nobody else', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    assert.equal(admission(address, {}, null), 200, address);
  }
  for (const address of ['10.0.0.1', '128.127.0.1', '::ffff:10.0.0.1', '::2', '']) {
    assert.equal(admission(address, {}, null), 403, address);
  }
});

test('a proxy on this machine makes nobody local', () => {
  for (const name of ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip']) {
    assert.equal(admission('127.0.0.1', { [name]: '127.0.0.1' }, null), 403, name);
  }
});

test('a name of somebody else that leads here makes nobody local', () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '']) {
    assert.equal(admission('127.0.0.1', { host }, null), 403, host);
  }
  for (const host of ['localhost', '127.0.0.1:3000', '[::1]:3000']) {
    assert.equal(admission('::1', { host }, null), 200, host);
  }
});

test('with a token it is needed from everywhere, and an admin secret is as good', () => {
  const secrets = ['s'.repeat(32)];
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  assert.equal(admission('127.0.0.1', {}, kToken), 401);
  assert.equal(admission('10.0.0.1', bearer(kToken), kToken), 200);
  assert.equal(admission('10.0.0.1', bearer(`${kToken}x`), kToken), 401);
  assert.equal(admission('10.0.0.1', { authorization: 'Basic eDp5' }, kToken), 401);
  assert.equal(admission('10.0.0.1', bearer(secrets[0]!), kToken, secrets), 200);
  assert.equal(admission('10.0.0.1', bearer(secrets[0]!), null, secrets), 200);
  assert.equal(admission('127.0.0.1', bearer('wrong'), null, secrets), 401);
});

test('a second of the live page is what happened between two looks', async () => {
  const stage = await Stage.open(1);
  await stage.joined('blue');
  const { pool, conference, clock } = stage;
  const telemetry = new Telemetry({ pool, conference, clock, date: () => 1e12 });
  const history = new LiveHistory('1.2.3');
  const { numbers } = stage.engine.workers[0]!;
  const look = async (packets: number, lost: number, delays: [number, number, number]) => {
    const sent = { ...emptyTraffic().sent, packetCount: packets, packetsLost: lost };
    const traffic = emptyTraffic({ bytesSent: packets * 1000, sent });
    numbers.stats = { traffic, forwardingDelay: histogram(delays) };
    await clock.advance(1000);
    history.record(await telemetry.collect());
  };
  await look(1000, 10, [5, 0, 0]);
  assert.equal(history.size, 0, 'the first is only compared with');
  await look(1900, 110, [25, 3, 0]);
  const [point] = history.tell(null, 0).points;
  assert.equal(point!.outBitrate, 7_200_000);
  assert.equal(point!.outLoss, 0.1);
  assert.equal(point!.inLoss, null, 'nobody sent anything');
  assert.deepEqual(point!.delays, [20, 3, 0]);
  assert.deepEqual(
    point!.perRoom.map(({ name, people }) => [name, people]),
    [['blue', 1]],
  );
  await look(100, 0, [1, 0, 0]);
  assert.equal(
    history.tell(null, 0).points[1]!.outBitrate,
    0,
    'what begins anew is no negative rate',
  );
});

test('the live page keeps ten minutes, and sends only what is news', async () => {
  const stage = await Stage.open(1);
  const { pool, conference, clock } = stage;
  const telemetry = new Telemetry({ pool, conference, clock });
  const history = new LiveHistory('1.2.3');
  const base = await telemetry.collect();
  for (let second = 0; second < kKeptSeconds + 50; ++second) {
    history.record({ ...base, at: base.at + second * 1000 });
  }
  const all = history.tell(null, 0);
  assert.equal(all.points.length, kKeptSeconds);
  const last = all.points.at(-1)!.number;
  assert.equal(history.tell(all.life, last - 2).points.length, 2);
  assert.equal(history.tell('of another life', last).points.length, kKeptSeconds);
});

test('health is degraded by one worker, readiness ends with the last', () => {
  const worker = {
    index: 0,
    alive: true,
    responds: true,
    rooms: 0,
    peers: 0,
    restarts: 0,
    load: 0.2,
    loadReason: 'processor' as const,
  };
  const counts = { rooms: 1, peers: 1, whip: null };
  const facts = { draining: false, version: '1', uptimeSeconds: 1, ...counts };
  const limits = { maxPeers: 10 };
  const outcome = (change: object, ...workers: (typeof worker)[]) => {
    const health = healthOf({ ...facts, workers, ...change });
    return [health.status, whyNotReady(health, limits) === null];
  };
  assert.deepEqual(outcome({}, worker), ['ok', true]);
  assert.deepEqual(outcome({}, worker, { ...worker, alive: false }), ['degraded', true]);
  assert.deepEqual(outcome({}, { ...worker, responds: false }), ['degraded', false]);
  assert.deepEqual(outcome({ draining: true }, worker), ['draining', false]);
  assert.deepEqual(outcome({ peers: 10 }, worker), ['ok', false]);
  assert.deepEqual(outcome({ rooms: 5 }, { ...worker, load: 1 }), ['ok', true]);
});
