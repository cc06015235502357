import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LiveAnswer, LivePoint } from '../protocol/live';
import { Feed } from './feed';
import type { FeedResponse, FeedState } from './feed';
import { bitRate, bytes, count, duration, percent } from './format';
import { meanOf, percentileOf, Window } from './window';

function point(number: number, given: Partial<LivePoint> = {}): LivePoint {
  return {
    number,
    date: 1e12 + number * 1000,
    people: 0,
    inBitrate: 0,
    outBitrate: 0,
    inLoss: null,
    outLoss: null,
    nacks: 0,
    repeats: 0,
    keyFrameRequests: 0,
    rooms: 0,
    roomsLeftOut: 0,
    consumers: 0,
    drops: 0,
    estimate: 0,
    desired: 0,
    delays: [],
    workers: [],
    perRoom: [],
    ...given,
  };
}

function answer(life: string, ...points: LivePoint[]): LiveAnswer {
  return { version: '1', life, keptSeconds: 600, delayBoundsUs: [32, 64], points };
}

test('numbers have three digits at the most', () => {
  assert.deepEqual([0, 0.25, 7, 12.34, 998.7, 9999, 12_345].map(count), [
    '0',
    '0.25',
    '7',
    '12.3',
    '999',
    '9999',
    '12.3 k',
  ]);
  assert.deepEqual([0, 950, 999_800, 1_500_000, 4.15e9].map(bitRate), [
    '0 bit/s',
    '950 bit/s',
    '1 Mbit/s',
    '1.5 Mbit/s',
    '4.15 Gbit/s',
  ]);
  assert.equal(bytes(47_185_920), '47.2 MB');
  assert.deepEqual([null, 0, 0.0001, 0.0234, 0.5, 1].map(percent), [
    '–',
    '0 %',
    '< 0.1 %',
    '2.3 %',
    '50 %',
    '100 %',
  ]);
  assert.deepEqual([null, 45, 999.9, 12_345, 2e6].map(duration), [
    '–',
    '45 µs',
    '1 ms',
    '12.3 ms',
    '2 s',
  ]);
});

test('percentiles lie within the cell that they fall into', () => {
  const bounds = [100, 200, 400];
  assert.equal(percentileOf([0, 0, 0, 0], bounds, 0.5), null);
  assert.equal(percentileOf([10, 0, 0, 0], bounds, 1), 100);
  assert.equal(percentileOf([0, 10, 0, 0], bounds, 0.5), 100 * Math.SQRT2);
  assert.equal(percentileOf([0, 0, 0, 3], bounds, 0.99), 400, 'beyond all bounds');
});

test('what was not known is no zero', () => {
  const points = [point(1, { outLoss: 0.2 }), point(2), point(3, { outLoss: 0.4 })];
  assert.ok(Math.abs((meanOf(points, 3, ({ outLoss }) => outLoss) ?? 0) - 0.3) < 1e-9);
  assert.equal(
    meanOf(points.slice(1, 2), 3, ({ outLoss }) => outLoss),
    null,
  );
});

test('points are kept for ten minutes, once each, and those of another server go', () => {
  const shown = new Window();
  shown.take(answer('a', point(1), point(2)));
  shown.take(answer('a', point(2), point(3)));
  shown.spanMs = 10 * 60_000;
  assert.deepEqual(
    shown.view().points.map(({ number }) => number),
    [1, 2, 3],
  );
  shown.take(answer('a', point(602)));
  assert.equal(shown.view().points[0]?.number, 3);
  shown.take(answer('b', point(1)));
  assert.equal(shown.view().points.length, 1);
});

test('the pointer finds the point that is nearest to it', () => {
  const shown = new Window();
  shown.take(answer('a', ...Array.from({ length: 121 }, (_, i) => point(i + 1))));
  shown.point(0.5);
  assert.equal(shown.view().cursor?.number, 61);
  shown.point(null);
  assert.equal(shown.view().cursor, null);
});

// A feed whose answers and time are in the hands of the test.
function feedOf(token: string | null, ...answers: (FeedResponse | Error)[]) {
  const states: FeedState[] = [];
  const waits: number[] = [];
  const asked: [string, string | undefined][] = [];
  const feed = new Feed(
    {
      ask: async (url, headers) => {
        asked.push([url, headers.Authorization]);
        const next = answers.shift();
        if (!next || next instanceof Error) throw next ?? new Error('over');
        return next;
      },
      after: (ms, task) => {
        waits.push(ms);
        if (answers.length > 0) task();
      },
      position: () => ({ life: 'x y', since: 7 }),
      onAnswer: () => {},
      onState: (state) => states.push(state),
    },
    token,
  );
  return { feed, states, waits, asked };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the feed asks for what is news, and ever less often while nobody answers', async () => {
  const down = new Error('down');
  const good = { status: 200, body: answer('a') };
  const { feed, states, waits, asked } = feedOf(null, good, down, down, down, down, down, good);
  feed.start();
  for (let i = 0; i < 20; ++i) await settle();
  assert.equal(asked[0]?.[0], '/live.json?since=7&life=x+y');
  assert.deepEqual(waits, [1000, 1000, 2000, 4000, 8000, 8000, 1000]);
  assert.deepEqual([states[0]?.kind, states[1]?.kind, states[6]?.kind], ['live', 'lost', 'live']);
});

test('a locked page asks for the token, and goes on with it', async () => {
  const locked = { status: 401, body: {} };
  const { feed, states, waits, asked } = feedOf(null, locked, locked, {
    status: 200,
    body: answer('a'),
  });
  feed.start();
  await settle();
  assert.deepEqual([states[0], waits], [{ kind: 'locked', wrong: false }, []]);
  feed.unlock('wrong');
  await settle();
  assert.deepEqual(states[1], { kind: 'locked', wrong: true });
  feed.unlock('right');
  await settle();
  assert.deepEqual([asked[2]?.[1], states[2]?.kind], ['Bearer right', 'live']);
});
