// Would what trains break be found? Each figure made worse in turn.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { figuresOf, findings } from './train_figures.js';

const kFine = {
  ...{ sent: 160, decoded: 158, dropped: 1, freezes: 1, frozenSeconds: 0.3, keyFrameRequests: 0 },
  ...{ lost: 0, concealed: 0.001, estimateKbps: 3000, fits: 1 },
  ...{ shared: 400, train: 1.3, refused: 0, padding: 100, holds: 9 },
};
const kClean = {};
const kLossy = { isLossy: true };

test('nothing is found where nothing differs', () => {
  assert.deepEqual(findings(kFine, kFine, kClean), []);
});

for (const [what, worse] of Object.entries({
  decoded: { decoded: 130 },
  dropped: { dropped: 5 },
  freezes: { freezes: 3 },
  keyFrameRequests: { keyFrameRequests: 1 },
  concealed: { concealed: 0.01 },
  lost: { lost: 1 },
  fits: { fits: 0.8 },
  estimate: { estimateKbps: 1400 },
})) {
  test(`${what}: worse with trains is found, by its name`, () => {
    const found = findings({ ...kFine, ...worse }, kFine, kClean);
    assert.equal(found.length, 1);
    assert.ok(found[0].startsWith(`${what}: `), found[0]);
  });

  test(`${what}: worse without trains is no finding`, () => {
    assert.deepEqual(findings({ ...kFine, lost: 0 }, { ...kFine, ...worse }, kClean), []);
  });
}

test('an encoder that sends fewer pictures is not the fault of trains', () => {
  assert.deepEqual(findings({ ...kFine, sent: 80, decoded: 79 }, kFine, kClean), []);
});

test('a picture that two decode is no more than decoded', () => {
  assert.deepEqual(findings(kFine, { ...kFine, sent: 120 }, kClean), []);
});

test('a lossy link may lose, and conceal a little more or less', () => {
  const lossy = { ...kFine, lost: 100, concealed: 0.03, keyFrameRequests: 1 };
  assert.deepEqual(findings({ ...lossy, concealed: 0.045 }, lossy, kLossy), []);
  assert.equal(findings({ ...lossy, concealed: 0.06 }, lossy, kLossy).length, 1);
});

test('figures are what grew between two snapshots', () => {
  const picture = (framesDecoded, packetsLost) => ({ framesDecoded, packetsLost, freezeCount: 2 });
  const sound = (totalSamplesReceived, concealedSamples, silentConcealedSamples) => {
    return { totalSamplesReceived, concealedSamples, silentConcealedSamples, packetsLost: 1 };
  };
  const worker = (datagramsSent, sends, paddingBytesSent, holds) => {
    return { datagramsSent, sends, trainsRefused: 0, paddingBytesSent, holds };
  };
  const before = {
    ...{ worker: worker(100, 90, 5, 1), sent: [{ framesEncoded: 7 }] },
    ...{ pictures: [picture(10, 0), picture(20, 3)], sounds: [sound(1000, 10, 0)] },
  };
  const after = {
    ...{ worker: worker(400, 240, 25, 4), sent: [{ framesEncoded: 47 }] },
    ...{ pictures: [picture(30, 1), picture(39, 3)], sounds: [sound(2000, 70, 10)] },
  };
  const beliefs = [
    [
      { estimate: 2e6, desired: 1e6 },
      { estimate: 5e5, desired: 1e6 },
    ],
  ];
  const { sent, decoded, lost, concealed, ...rest } = figuresOf({ before, after, beliefs });
  assert.deepEqual([sent, decoded, lost, concealed], [40, 39, 1, 0.05]);
  assert.deepEqual([rest.train, rest.shared, rest.padding, rest.holds], [2, 150, 20, 3]);
  assert.deepEqual([rest.estimateKbps, rest.fits, rest.freezes], [2500, 0.75, 0]);
});
