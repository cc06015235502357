import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { EngineStreamStats } from '../engine';
import type { Sent } from '../peer';
import { chooseLayers, describeLayers } from './watched_layers';
import type { LayerSelection } from './watched_layers';

function sentWith(encodings: object[], scales: number[] = [1]): Pick<Sent, 'producer' | 'shape'> {
  const producer = { rtpParameters: { codecs: [], encodings } };
  return { producer, shape: { scales, temporalLayers: 1 } } as unknown as Sent;
}

const rowOf = (changes: Partial<EngineStreamStats>) => changes as EngineStreamStats;
const row = (rid: string, bitrate: number, width = 0, height = 0) =>
  rowOf({ rid, bitrate, ...(width > 0 ? { frameWidth: width, frameHeight: height } : {}) });

const kThree = [row('f', 900, 1280, 720), row('q', 100, 320, 180), row('h', 400, 640, 360)];
const kRids = sentWith([{ rid: 'f' }, { rid: 'q' }, { rid: 'h' }]);

test('of several encodings the smaller picture stands for the lower layer, wherever it is', () => {
  const layers = describeLayers(kThree, kRids);
  assert.deepEqual(
    layers.map(({ rid, spatialLayerId, width, bitrate }) => [rid, spatialLayerId, width, bitrate]),
    [
      ['q', 0, 320, 100],
      ['h', 1, 640, 400],
      ['f', 2, 1280, 900],
    ],
  );
  assert.equal(layers[0]?.encodingId, 'q', 'as earlier drafts call it');
});

test('what a publisher declares of its sizes comes before what is seen of them', () => {
  const declared = sentWith([
    { rid: 'a', scaleResolutionDownBy: 1 },
    { rid: 'b', scaleResolutionDownBy: 4 },
  ]);
  const layers = describeLayers([row('a', 5), row('b', 5, 320, 180)], declared);
  assert.deepEqual(
    layers.map(({ rid }) => rid),
    ['b', 'a'],
  );
});

test('frame rates of an encoding are told with what those below them have', () => {
  const stats = rowOf({ rid: 'q', bitrate: 300, bitrateByLayer: { '0.0': 100, '0.1': 200 } });
  const layers = describeLayers([stats, row('f', 900)], sentWith([{ rid: 'q' }, { rid: 'f' }]));
  assert.deepEqual(
    layers.map(({ temporalLayerId, bitrate }) => [temporalLayerId, bitrate]),
    [
      [0, 100],
      [1, 300],
      [undefined, 900],
    ],
  );
});

test('sizes that stand on one another in one stream are told apart', () => {
  const bitrateByLayer = { '0.0': 10, '0.1': 20, '1.0': 100, '1.1': 200 };
  const stats = rowOf({ bitrate: 330, frameWidth: 1280, frameHeight: 720, bitrateByLayer });
  const layers = describeLayers([stats], sentWith([{}], [2, 1]));
  assert.deepEqual(
    layers.map(({ spatialLayerId, temporalLayerId, width, height, bitrate }) => [
      ...[spatialLayerId, temporalLayerId, width, height, bitrate],
    ]),
    [
      [0, 0, 640, 360, 10],
      [0, 1, 640, 360, 30],
      [1, 0, 1280, 720, 110],
      [1, 1, 1280, 720, 330],
    ],
  );
});

test('a stream of one size is one layer', () => {
  const stats = rowOf({ bitrate: 50, frameWidth: 640, frameHeight: 480 });
  assert.deepEqual(describeLayers([stats], sentWith([{}])), [
    { spatialLayerId: 0, width: 640, height: 480, bitrate: 50 },
  ]);
});

test('layers are chosen by name, number, bound and size; without a wish, all', () => {
  const layers = describeLayers(kThree, kRids);
  const chosen = (wish: LayerSelection) => chooseLayers(layers, wish);
  assert.deepEqual(chosen({}), { spatialLayer: 254 });
  assert.deepEqual(chosen({ rid: 'h' }), { spatialLayer: 1 });
  assert.deepEqual(chosen({ encodingId: 'q' }), { spatialLayer: 0 });
  assert.deepEqual(chosen({ spatialLayerId: 2 }), { spatialLayer: 2 });
  assert.deepEqual(chosen({ maxSpatialLayerId: 7 }), { spatialLayer: 7 });
  assert.deepEqual(chosen({ maxWidth: 640 }), { spatialLayer: 1 });
  assert.deepEqual(chosen({ maxWidth: 1280, maxHeight: 200 }), { spatialLayer: 0 });
  assert.deepEqual(chosen({ maxWidth: 10 }), { spatialLayer: 0 }, 'none fits: the smallest');
  assert.deepEqual(chosen({ rid: 'f', maxTemporalLayerId: 1 }), {
    spatialLayer: 2,
    temporalLayer: 1,
  });
});

test('what there is not, or is not known yet, is said', () => {
  const layers = describeLayers(kThree, kRids);
  assert.throws(() => chooseLayers(layers, { rid: 'x' }), /rid: .*there are: q, h, f/);
  assert.throws(() => chooseLayers(layers, { spatialLayerId: 3 }), /spatialLayerId: 3 is more/);
  assert.throws(() => chooseLayers(layers, { temporalLayerId: 1 }), /temporalLayerId: 1 is more/);
  assert.throws(() => chooseLayers([], { maxWidth: 10 }), /No size is known/);
});
