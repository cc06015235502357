import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ConsumerWish } from '../protocol/messages';
import { FakeClock } from '../testing/fake_clock';
import { chooseLayers } from './layer_choice';
import type { Choice, View } from './layer_choice';
import { chooseStage, importanceOf } from './staging';
import { kLowerAfterMs, ViewPlanner } from './view_planner';

const kShape = { scales: [4, 2, 1], temporalLayers: 3 };
const k720p = { width: 1280, height: 720 };

function view(width: number, height: number, changes: Partial<View> = {}): View {
  return {
    width,
    height,
    fit: 'cover',
    outOfSight: false,
    inBackground: false,
    importance: 'thumbnail',
    ...changes,
  };
}

const spatial = (seen: View, capture = k720p) => chooseLayers(kShape, capture, seen).spatialLayer;

test('each tile gets the smallest picture that fills it', () => {
  assert.equal(spatial(view(200, 112)), 0);
  assert.equal(spatial(view(320, 180)), 0);
  assert.equal(spatial(view(400, 225)), 1);
  assert.equal(spatial(view(568, 318)), 1);
  assert.equal(spatial(view(640, 360)), 1);
  assert.equal(spatial(view(900, 506)), 2);
  assert.equal(spatial(view(3840, 2160)), 2);
});

test('a picture is enlarged a little before the next one is asked for', () => {
  assert.equal(spatial(view(370, 208)), 0);
  assert.equal(spatial(view(380, 214)), 1);
});

test('a screen is never enlarged while there is a larger picture', () => {
  assert.equal(spatial(view(370, 208, { fit: 'contain' })), 1);
  assert.equal(spatial(view(320, 180, { fit: 'contain' })), 0);
});

test('an upright tile shows the middle of a large picture', () => {
  assert.equal(spatial(view(300, 400)), 1);
  assert.equal(spatial(view(300, 400, { fit: 'contain' })), 0);
});

test('sizes count, not numbers of layers', () => {
  assert.equal(spatial(view(640, 360), { width: 640, height: 360 }), 2);
  const two = { scales: [1.5, 1], temporalLayers: 1 };
  assert.equal(chooseLayers(two, k720p, view(700, 394)).spatialLayer, 0);
  assert.equal(chooseLayers({ scales: [1], temporalLayers: 1 }, k720p, view(9, 9)).spatialLayer, 0);
});

test('a sender that has not told its size is taken for a usual camera', () => {
  assert.equal(chooseLayers(kShape, null, view(640, 360)).spatialLayer, 1);
});

test('out of sight is paused, in the background is as little as there is', () => {
  assert.equal(chooseLayers(kShape, k720p, view(900, 506, { outOfSight: true })).paused, true);
  assert.deepEqual(chooseLayers(kShape, k720p, view(900, 506, { inBackground: true })), {
    spatialLayer: 0,
    temporalLayer: 0,
    priority: 1,
    paused: false,
  });
});

test('who is looked at comes first', () => {
  const priorities = (['thumbnail', 'speaking', 'staged', 'pinned'] as const).map(
    (importance) => chooseLayers(kShape, k720p, view(300, 200, { importance })).priority,
  );
  assert.deepEqual(
    priorities,
    [...priorities].sort((a, b) => a - b),
  );
  assert.equal(new Set(priorities).size, 4);
  assert.ok(priorities.every((one) => one >= 1 && one <= 255));
});

const kLarge: Choice = { spatialLayer: 2, temporalLayer: 2, priority: 32, paused: false };
const kSmall: Choice = { ...kLarge, spatialLayer: 0 };

function planner() {
  const clock = new FakeClock();
  const told: ConsumerWish[][] = [];
  return { clock, told, planner: new ViewPlanner((wishes) => told.push(wishes), clock) };
}

test('what is new is told in one message, and not again', () => {
  const { told, planner: one } = planner();
  one.want('a', kLarge);
  one.want('b', kSmall);
  one.flush();
  one.flush();
  assert.deepEqual(told, [
    [
      { consumerId: 'a', ...kLarge },
      { consumerId: 'b', ...kSmall },
    ],
  ]);
});

test('more is asked for at once', () => {
  const { told, planner: one } = planner();
  one.want('a', { ...kSmall, paused: true });
  one.flush();
  one.want('a', kLarge);
  one.flush();
  assert.deepEqual(told[1], [{ consumerId: 'a', ...kLarge }]);
});

test('less is asked for when it has been enough for a second', async () => {
  const { clock, told, planner: one } = planner();
  one.want('a', kLarge);
  one.flush();
  one.want('a', kSmall);
  one.flush();
  await clock.advance(kLowerAfterMs - 1);
  assert.equal(told.length, 1);
  await clock.advance(1);
  assert.deepEqual(told[1], [{ consumerId: 'a', ...kSmall }]);
});

test('looking again while it shrinks does not start the second anew', async () => {
  const { clock, told, planner: one } = planner();
  one.want('a', kLarge);
  one.flush();
  for (let look = 0; look < 10; ++look) {
    one.want('a', kSmall);
    one.flush();
    await clock.advance(kLowerAfterMs / 10);
  }
  assert.equal(told.length, 2);
});

test('a tile that grows back in time costs nothing', async () => {
  const { clock, told, planner: one } = planner();
  one.want('a', kLarge);
  one.flush();
  one.want('a', { ...kSmall, paused: true });
  one.flush();
  await clock.advance(kLowerAfterMs / 2);
  one.want('a', kLarge);
  one.flush();
  await clock.advance(10 * kLowerAfterMs);
  assert.equal(told.length, 1);
});

test('priority is told at once, while the size waits', () => {
  const { told, planner: one } = planner();
  one.want('a', kLarge);
  one.flush();
  one.want('a', { ...kSmall, priority: 96 });
  one.flush();
  assert.deepEqual(told[1], [{ consumerId: 'a', ...kLarge, priority: 96 }]);
});

test('streams that ended are not spoken of', async () => {
  const { clock, told, planner: one } = planner();
  one.want('a', kLarge);
  one.flush();
  one.want('a', kSmall);
  one.flush();
  one.forget('a');
  await clock.advance(10 * kLowerAfterMs);
  assert.equal(told.length, 1);
});

test('the stage goes to what was pinned, then to a screen, then to the speaker', () => {
  const all = { pinned: 'p', screens: ['old', 'new'], speaker: 's', mode: 'speaker' } as const;
  const seen = { ...all, screens: [...all.screens] };
  assert.equal(chooseStage(seen), 'p');
  assert.equal(chooseStage({ ...seen, pinned: null }), 'new');
  assert.equal(chooseStage({ ...seen, pinned: null, screens: [] }), 's');
  assert.equal(chooseStage({ ...seen, pinned: null, screens: [], mode: 'grid' }), null);
});

test('importance follows the stage', () => {
  const seen = { pinned: 'p', screens: [], speaker: 's', mode: 'grid' as const };
  assert.deepEqual(
    ['p', 's', 'x'].map((one) => importanceOf(one, seen, 'p')),
    ['pinned', 'speaking', 'thumbnail'],
  );
  assert.equal(importanceOf('s', { ...seen, pinned: null }, 's'), 'staged');
});
