import assert from 'node:assert/strict';
import { test } from 'node:test';

import { settle } from '../testing/fake_clock';
import { emptyTraffic, histogram } from '../testing/fake_stats';
import { Stage } from '../testing/stage';
import { allMetricNames, familiesOf, kScopes } from './metric_table';
import { formatFor, writeMetrics } from './metric_text';
import type { Format } from './metric_text';
import { kMostRooms, Telemetry } from './telemetry';

const kFacts = {
  version: '1.2.3',
  uptimeSeconds: 1,
  cpuSeconds: 2,
  residentBytes: 3,
  eventLoopDelaySeconds: 0.004,
  peopleLimit: 500,
  roomsLimit: 200,
  webhooks: { queued: 1, delivered: 20, failedAttempts: 3, givenUp: 4, dropped: 5 },
};

function telemetryOf(stage: Stage): Telemetry {
  const { pool, conference, clock } = stage;
  return new Telemetry({ pool, conference, clock, date: () => 0 });
}

async function scrape(telemetry: Telemetry, format: Format = 'text'): Promise<string> {
  return writeMetrics(familiesOf({ snapshot: await telemetry.collect(), server: kFacts }), format);
}

// By name and labels, as they stand in the text.
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const pairs = lines.map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))] as const;
  });
  const samples = new Map(pairs);
  assert.equal(samples.size, pairs.length, 'no series is there twice');
  return samples;
}

test('a scrape tells of the server, of workers and of rooms', async () => {
  const stage = await Stage.open(2);
  await stage.joined('blue');
  const [worker] = stage.engine.workers;
  const stream = { ...emptyTraffic().sent, packetCount: 70, nackCount: 3, pliCount: 2 };
  const traffic = emptyTraffic({
    bytesSent: 5_000_000_000,
    sent: stream,
    drops: { srtpReplay: 4 },
  });
  worker!.numbers.stats = { traffic, userTimeUs: 1_500_000, forwardingDelay: histogram([7, 2, 1]) };
  const ofRoom = { bytesSent: 6, drops: { rtxUnavailable: 5 }, iceStates: { completed: 2 } };
  [...worker!.routers].at(-1)!.traffic = ofRoom;
  const samples = samplesOf(await scrape(telemetryOf(stage)));
  const expected: Record<string, number> = {
    'sluice_build_info{version="1.2.3"}': 1,
    sluice_people: 1,
    sluice_joins_total: 1,
    'sluice_bytes_total{direction="out"}': 5_000_000_000,
    sluice_webhooks_queued: 1,
    'sluice_webhooks_total{outcome="given_up"}': 4,
    sluice_webhook_failures_total: 3,
    'sluice_worker_up{worker="1"}': 1,
    'sluice_worker_people{worker="0"}': 1,
    'sluice_worker_cpu_seconds_total{worker="0",mode="user"}': 1.5,
    'sluice_worker_rtp_packets_total{worker="0",direction="out"}': 70,
    'sluice_worker_nacks_total{worker="0",direction="out"}': 3,
    'sluice_worker_key_frame_requests_total{worker="0",direction="out",kind="pli"}': 2,
    'sluice_worker_dropped_packets_total{worker="0",reason="srtpReplay"}': 4,
    'sluice_worker_forwarding_delay_seconds_bucket{worker="0",le="0.0001"}': 7,
    'sluice_worker_forwarding_delay_seconds_bucket{worker="0",le="0.01"}': 9,
    'sluice_worker_forwarding_delay_seconds_bucket{worker="0",le="+Inf"}': 10,
    'sluice_worker_forwarding_delay_seconds_count{worker="0"}': 10,
    'sluice_room_people{room="blue"}': 1,
    'sluice_room_bytes_total{room="blue",direction="out"}': 6,
    'sluice_room_dropped_packets_total{room="blue",reason="rtxUnavailable"}': 5,
    'sluice_room_ice_transports{room="blue",state="completed"}': 2,
  };
  for (const [series, value] of Object.entries(expected)) {
    assert.equal(samples.get(series), value, series);
  }
});

test('every family has one HELP and one TYPE, in front of its samples', async () => {
  const stage = await Stage.open(1);
  await stage.joined('blue');
  const lines = (await scrape(telemetryOf(stage))).trimEnd().split('\n');
  const seen = new Set<string>();
  let [name, type] = ['', ''];
  for (const line of lines) {
    const [, keyword, called = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      assert.ok(!seen.has(called), `${called} comes once`);
      seen.add((name = called));
      type = '';
    } else if (keyword === 'TYPE') {
      assert.equal(called, name);
      type = rest;
    } else {
      const base = /^[a-z_]+/.exec(line)?.[0] ?? '';
      const own = type === 'histogram' ? base.replace(/_(bucket|sum|count)$/, '') : base;
      assert.equal(own, name);
    }
  }
});

test('names are as Prometheus wants them', () => {
  const rows = kScopes.flatMap(({ prefix, labels, rows: own }) =>
    own.map((row) => ({
      ...row,
      name: prefix + row.name,
      all: [...labels, ...(row.labels ?? [])],
    })),
  );
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
  for (const { name, type, help, all } of rows) {
    assert.match(name, /^sluice_[a-z]+(_[a-z]+)*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /milli|micro|_ms(_|$)|_us(_|$)|_bits|kilo|percent/, name);
    assert.match(help, /^[A-Z0-9].*\.$/, name);
    for (const label of all) assert.match(label, /^[a-z]+$/);
  }
  assert.ok(allMetricNames().has('sluice_worker_forwarding_delay_seconds_bucket'));
});

test('what people call a room cannot break out of its label', async () => {
  const labels = { room: 'a\\"} 1\nsluice_people 99' };
  const samples = [{ labels, value: 1 }];
  const text = writeMetrics([{ name: 'x', type: 'gauge', help: 'X.', samples }], 'text');
  const line = 'x{room="a\\\\\\"} 1\\nsluice_people 99"} 1';
  assert.equal(text, `# HELP x X.\n# TYPE x gauge\n${line}\n`);
});

test('OpenMetrics is spoken to whoever asks for it', async () => {
  assert.equal(formatFor(undefined), 'text');
  assert.equal(formatFor('text/html, */*'), 'text');
  assert.equal(
    formatFor('application/openmetrics-text;version=1.0.0;q=0.5,text/plain'),
    'openmetrics',
  );
  assert.equal(formatFor('application/openmetrics-text;q=0, text/plain'), 'text');
  const stage = await Stage.open(1);
  const text = await scrape(telemetryOf(stage), 'openmetrics');
  assert.match(text, /^# TYPE sluice_joins counter\nsluice_joins_total 0$/m);
  assert.ok(text.endsWith('\n# EOF\n'));
});

test('whoever scrapes at the same time shares one look', async () => {
  const stage = await Stage.open(2);
  const telemetry = telemetryOf(stage);
  const all = await Promise.all(Array.from({ length: 50 }, () => telemetry.collect()));
  assert.ok(all.every((one) => one === all[0]));
  assert.deepEqual(
    stage.engine.workers.map(({ numbers }) => numbers.questions),
    [1, 1],
  );
  await telemetry.collect();
  assert.equal(stage.engine.workers[0]!.numbers.questions, 1, 'four times a second at the most');
});

test('a worker that is stuck is down, and fails no scrape', async () => {
  const stage = await Stage.open(2);
  stage.engine.workers[1]!.numbers.gate = new Promise(() => {});
  const scraping = scrape(telemetryOf(stage));
  await settle();
  await stage.clock.advance(500);
  const samples = samplesOf(await scraping);
  assert.equal(samples.get('sluice_worker_up{worker="0"}'), 1);
  assert.equal(samples.get('sluice_worker_up{worker="1"}'), 0);
});

test('a worker that failed to answer is down', async () => {
  const stage = await Stage.open(1);
  stage.engine.workers[0]!.numbers.gate = Promise.reject(new Error('no'));
  stage.engine.workers[0]!.numbers.gate.catch(() => {});
  const samples = samplesOf(await scrape(telemetryOf(stage)));
  assert.equal(samples.get('sluice_worker_up{worker="0"}'), 0);
});

test('sums of all workers do not go back when one dies', async () => {
  const stage = await Stage.open(1);
  const telemetry = telemetryOf(stage);
  const [first] = stage.engine.workers;
  first!.numbers.stats = { traffic: emptyTraffic({ packetsSent: 100, consumers: 7 }) };
  assert.equal((await telemetry.collect()).total.packetsSent, 100);
  await stage.clock.advance(10_000);
  first!.die();
  await settle();
  await stage.clock.advance(1000);
  stage.engine.workers[1]!.numbers.stats = { traffic: emptyTraffic({ packetsSent: 5 }) };
  await stage.clock.advance(1000);
  const { total, workers } = await telemetry.collect();
  assert.equal(total.packetsSent, 105);
  assert.equal(total.consumers, 0, 'of what is gone nothing is there');
  assert.equal(workers[0]!.restarts, 1);
});

test('sums of a room do not go back when a part of it ends, or is late', async () => {
  const stage = await Stage.open(2, { spread: 1 });
  const telemetry = telemetryOf(stage);
  const [, bo] = [await stage.joined('blue'), await stage.joined('blue', 'Bo')];
  const [first, second] = stage.engine.workers.map(({ routers }) => [...routers].at(-1)!);
  first!.traffic = { packetsSent: 100, drops: { srtpReplay: 1 }, consumers: 2 };
  second!.traffic = { packetsSent: 30, drops: { srtpReplay: 2 }, consumers: 3 };
  const look = async () => {
    await stage.clock.advance(1000);
    const looking = telemetry.collect();
    await settle();
    await stage.clock.advance(500);
    const { packetsSent, drops, consumers } = (await looking).roomViews[0]!.traffic;
    return [packetsSent, drops.srtpReplay, consumers];
  };
  assert.deepEqual(await look(), [130, 3, 5]);
  second!.gate = new Promise(() => {});
  assert.deepEqual(await look(), [130, 3, 5], 'one that is stuck counts as before');
  second!.gate = undefined;
  await bo!.request('leave');
  await stage.clock.advance(11_000);
  first!.traffic = { packetsSent: 101, drops: { srtpReplay: 1 }, consumers: 2 };
  assert.equal(second!.closed, true);
  assert.deepEqual(await look(), [131, 3, 2], 'what is gone has no consumers');
  await stage.clock.advance(1000);
});

test('only so many rooms have series of their own, those with the most people', async () => {
  const limits = { maxRooms: 100, maxPeersPerRoom: 5, maxPeers: 200 };
  const stage = await Stage.open(1, { limits });
  for (let i = 0; i < kMostRooms + 3; ++i) await stage.joined(`room${String(i).padStart(2, '0')}`);
  await stage.joined('room52');
  const text = await scrape(telemetryOf(stage));
  const samples = samplesOf(text);
  assert.equal(text.match(/^sluice_room_people\{/gm)?.length, kMostRooms);
  assert.equal(samples.get('sluice_room_people{room="room52"}'), 2);
  assert.equal(samples.get('sluice_rooms_left_out'), 3);
  assert.equal(samples.get('sluice_rooms'), kMostRooms + 3);
});

test('who is refused is counted by the reason', async () => {
  const stage = await Stage.open(1);
  for (let i = 0; i < 7; ++i) await stage.client('blue').join();
  const samples = samplesOf(await scrape(telemetryOf(stage)));
  assert.equal(samples.get('sluice_joins_total'), 5);
  assert.equal(samples.get('sluice_joins_refused_total{code="room_full"}'), 2);
});
