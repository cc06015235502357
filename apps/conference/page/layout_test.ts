import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hueOf, initialsOf } from './avatar';
import { layoutGrid } from './grid';

const kGap = 12;

const kSpaces = [
  [1280, 620],
  [1920, 940],
  [390, 640],
  [800, 800],
  [640, 220],
] as const;

for (const [width, height] of kSpaces) {
  test(`any number of tiles fits into ${width}x${height}`, () => {
    for (let count = 1; count <= 32; ++count) {
      const spec = { width, height, count, gap: kGap };
      const { columns, rows, tileWidth, tileHeight } = layoutGrid(spec);
      assert.ok(columns * rows >= count);
      assert.ok(columns * (rows - 1) < count, 'no row is empty');
      assert.ok(tileWidth * columns + kGap * (columns - 1) <= width);
      assert.ok(tileHeight * rows + kGap * (rows - 1) <= height);
      const aspect = tileWidth / tileHeight;
      assert.ok(aspect > 0.72 && aspect < 1.9, `a tile is ${tileWidth}x${tileHeight}`);
    }
  });
}

test('a wide window uses columns, a phone uses rows', () => {
  assert.equal(layoutGrid({ width: 1280, height: 620, count: 2, gap: kGap }).columns, 2);
  assert.equal(layoutGrid({ width: 1280, height: 620, count: 4, gap: kGap }).columns, 2);
  assert.equal(layoutGrid({ width: 1280, height: 620, count: 9, gap: kGap }).columns, 3);
  assert.equal(layoutGrid({ width: 390, height: 640, count: 2, gap: kGap }).columns, 1);
});

test('one tile fills what there is', () => {
  const { tileWidth, tileHeight } = layoutGrid({ width: 1600, height: 900, count: 1, gap: kGap });
  assert.deepEqual([tileWidth, tileHeight], [1600, 900]);
});

test('no space and no tiles are no crash', () => {
  assert.equal(layoutGrid({ width: 0, height: 0, count: 3, gap: kGap }).tileWidth, 0);
  assert.equal(layoutGrid({ width: 100, height: 100, count: 0, gap: kGap }).tileWidth, 0);
});

test('initials are of the first and last name, in any script', () => {
  assert.equal(initialsOf('Ann'), 'A');
  assert.equal(initialsOf('ann van der lee'), 'AL');
  assert.equal(initialsOf('  '), '?');
  assert.equal(initialsOf('😀 party'), '😀P');
  assert.equal(initialsOf('李 明'), '李明');
});

test('a name has one colour, and similar names differ', () => {
  assert.equal(hueOf('Ann'), hueOf('Ann'));
  assert.notEqual(hueOf('Ann 1'), hueOf('Ann 2'));
  assert.ok(hueOf('') >= 0 && hueOf('') < 360);
});
