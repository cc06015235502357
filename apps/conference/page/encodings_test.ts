import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assignEncodings, bitrateFor, encodingsWanted, fitRates, keepWarm } from './encodings';
import { planEncodings } from './encodings';
import type { Encoding, PlanRequest } from './encodings';

const k720p = { width: 1280, height: 720 };

function plan(changes: Partial<PlanRequest> = {}): Encoding[] {
  const usual = { source: 'camera', codec: 'VP8', mode: null, capture: k720p, canSvc: true } as const;
  return planEncodings({ ...usual, ...changes });
}

const modes = (encodings: Encoding[]) => encodings.map(({ scalabilityMode }) => scalabilityMode);
const scales = (encodings: Encoding[]) =>
  encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy);

test('VP8 and H264 send each size by itself, the smallest first', () => {
  for (const codec of ['VP8', 'H264'] as const) {
    assert.deepEqual(scales(plan({ codec })), [4, 2, 1]);
    assert.deepEqual(modes(plan({ codec })), ['L1T3', 'L1T3', 'L1T3']);
  }
});

test('VP9 and AV1 build all sizes in one stream', () => {
  for (const codec of ['VP9', 'AV1'] as const) {
    assert.deepEqual(modes(plan({ codec })), ['L3T3_KEY']);
    assert.deepEqual(scales(plan({ codec })), [undefined]);
  }
});

test('a browser that cannot build sizes upon each other sends one', () => {
  assert.deepEqual(modes(plan({ codec: 'VP9', canSvc: false })), ['L1T3']);
});

test('the address of the page has the last word on layers', () => {
  assert.deepEqual(scales(plan({ codec: 'AV1', mode: 'simulcast' })), [4, 2, 1]);
  assert.deepEqual(modes(plan({ codec: 'VP8', mode: 'svc' })), ['L1T3']);
  assert.deepEqual(plan({ mode: 'none' }), [{ maxBitrate: 1_700_000 }]);
});

test('a small camera has fewer sizes', () => {
  assert.equal(plan({ capture: { width: 640, height: 480 } }).length, 2);
  assert.equal(plan({ capture: { width: 320, height: 240 } }).length, 1);
  assert.deepEqual(modes(plan({ codec: 'VP9', capture: { width: 640, height: 360 } })), [
    'L2T3_KEY',
  ]);
});

test('an upright camera has as many sizes as a lying one', () => {
  assert.equal(plan({ capture: { width: 720, height: 1280 } }).length, 3);
});

test('a screen has at most two sizes and few pictures', () => {
  const screen = plan({ source: 'screen', capture: { width: 1920, height: 1080 } });
  assert.deepEqual(scales(screen), [2, 1]);
  assert.ok(screen.every(({ maxFramerate }) => maxFramerate === 15));
  assert.deepEqual(modes(plan({ source: 'screen', codec: 'AV1' })), ['L1T3']);
});

test('bit rates grow with the picture and stay in bounds', () => {
  assert.deepEqual(
    plan().map(({ maxBitrate }) => maxBitrate),
    [150_000, 500_000, 1_700_000],
  );
  for (const source of ['camera', 'screen'] as const) {
    let last = 0;
    for (const height of [1, 90, 180, 360, 480, 720, 1080, 2160, 30_000]) {
      const rate = bitrateFor(source, { width: (height * 16) / 9, height });
      assert.ok(rate >= last && rate >= 80_000 && rate <= 4_000_000, `${height}: ${rate}`);
      last = rate;
    }
  }
});

test('another camera keeps the shares and changes the rates', () => {
  const small = fitRates(plan(), 'camera', { width: 640, height: 360 });
  assert.deepEqual(scales(small), [4, 2, 1]);
  assert.equal(small[2]?.maxBitrate, 500_000);
});

test('before the server has spoken everything is sent', () => {
  assert.deepEqual(
    encodingsWanted(plan(), null).map(({ active }) => active),
    [true, true, true],
  );
});

test('encodings that nobody wants are switched off, in any combination', () => {
  const wanted = { layers: { spatialLayer: 2 }, encodings: [true, false, true] };
  assert.deepEqual(
    encodingsWanted(plan(), wanted).map(({ active }) => active),
    [true, false, true],
  );
});

test('the smallest picture goes on beside a larger one, and stops with the last', () => {
  const active = (encodings: boolean[]) =>
    encodingsWanted(plan(), { layers: null, encodings }).map((one) => one.active);
  assert.deepEqual(active([false, false, true]), [true, false, true]);
  assert.deepEqual(active([false, false, false]), [false, false, false]);
});

test('an encoding the server says nothing of goes on', () => {
  const wanted = { layers: { spatialLayer: 0 }, encodings: [true] };
  assert.deepEqual(
    encodingsWanted(plan(), wanted).map(({ active }) => active),
    [true, true, true],
  );
});

test('one stream with fewer sizes keeps the sizes that remain', () => {
  const svc = plan({ codec: 'VP9' });
  const at = (spatialLayer: number) =>
    encodingsWanted(svc, { layers: { spatialLayer }, encodings: [true] })[0]!;
  assert.deepEqual([at(2).scalabilityMode, at(2).scaleResolutionDownBy], ['L3T3_KEY', 1]);
  assert.deepEqual([at(1).scalabilityMode, at(1).scaleResolutionDownBy], ['L2T3_KEY', 2]);
  assert.deepEqual([at(0).scalabilityMode, at(0).scaleResolutionDownBy], ['L1T3', 4]);
  assert.ok(at(0).maxBitrate! < at(1).maxBitrate! && at(1).maxBitrate! < at(2).maxBitrate!);
  assert.equal(at(7).scalabilityMode, 'L3T3_KEY', 'more than there is means all');
});

test('a single encoding is on or off', () => {
  const off = { layers: null, encodings: [false] };
  assert.equal(encodingsWanted(plan({ mode: 'none' }), off)[0]?.active, false);
  assert.equal(encodingsWanted(plan({ codec: 'VP9' }), off)[0]?.active, false);
});

test('what is kept warm is the smallest picture', () => {
  const warm = keepWarm({ layers: null, encodings: [false, false, false] });
  assert.deepEqual(warm.encodings, [true, false, false]);
  const [one] = encodingsWanted(plan({ codec: 'AV1' }), keepWarm({ layers: null, encodings: [false] }));
  assert.deepEqual([one?.active, one?.scalabilityMode], [true, 'L1T3']);
});

test('the browser is only bothered with what is new, and never with a rid', () => {
  const current: Encoding[] = [{ rid: 'r0', active: true, maxBitrate: 1 }];
  assert.equal(assignEncodings(current, [{ rid: 'x', active: true, maxBitrate: 1 }]), false);
  assert.equal(assignEncodings(current, [{ active: false }]), true);
  assert.deepEqual(current, [{ rid: 'r0', active: false, maxBitrate: 1 }]);
});
