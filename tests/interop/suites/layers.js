// Every codec and every way to layer it: a real decoder is switched up and down, by size and by
// rate.

import assert from 'node:assert/strict';

import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';

export const kPicture = { width: 960, height: 540, fps: 12 };
// A path that nothing is known of is probed before it is trusted with the top layer.
const kStartMs = 20_000;
// Down waits for the next picture, up for a key frame from a busy encoder.
const kSwitchMs = 3_000;
const kWatchSeconds = 2;

export const simulcast = (scalabilityMode) => [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 120_000, scalabilityMode },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 350_000, scalabilityMode },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_200_000, scalabilityMode },
];
export const svc = (scalabilityMode) => [{ maxBitrate: 1_500_000, scalabilityMode }];

// `rates`: whether temporal layers are told apart by this codec in this mode.
const kModes = [
  { name: 'VP8 simulcast', mimeType: 'video/VP8', encodings: simulcast('L1T3'), rates: true },
  { name: 'VP9 L3T3_KEY', mimeType: 'video/VP9', encodings: svc('L3T3_KEY'), rates: true },
  { name: 'H264 simulcast', mimeType: 'video/H264', encodings: simulcast('L1T1'), rates: false },
  { name: 'AV1 L3T3', mimeType: 'video/AV1', encodings: svc('L3T3'), rates: true },
  { name: 'AV1 simulcast', mimeType: 'video/AV1', encodings: simulcast('L1T3'), rates: true },
];

// One size in its full rate.
const inFull = (spatialLayer, { rates }) => ({ spatialLayer, temporalLayer: rates ? 2 : 0 });
const widthOf = (spatialLayer) => kPicture.width >> (2 - spatialLayer);
const rateOf = (temporalLayer) => kPicture.fps / 2 ** (2 - temporalLayer);

function sameLayers(a, b) {
  return a?.spatialLayer === b.spatialLayer && (a?.temporalLayer ?? 0) === (b.temporalLayer ?? 0);
}

// Asks for `layers` and waits until they are what is decoded. Resolves with how long it took.
async function switchTo(reception, layers, { within = kSwitchMs } = {}) {
  const asked = Date.now();
  await reception.consumer.setPreferredLayers(layers);
  const width = widthOf(layers.spatialLayer);
  await reception.until(`sees ${width} pixels`, (stats) => stats.frameWidth === width, { within });
  const took = Date.now() - asked;
  const isTold = () => sameLayers(reception.consumer.currentLayers, layers);
  await reception.until('has been told of the layers', isTold, { within });
  return took;
}

// Switches, and watches for a while: the size asked for, in the rate asked for, without a hole, not
// even while it switched.
async function switchAndWatch(reception, layers, { rates, mayFreeze }) {
  const before = await reception.stats();
  const took = await switchTo(reception, layers);
  const { framesPerSecond, after } = await reception.over(kWatchSeconds);
  const wanted = rateOf(rates ? layers.temporalLayer : 2);
  const name = JSON.stringify(layers);
  assert.equal(after.frameWidth, widthOf(layers.spatialLayer), name);
  // One picture more or less in two seconds, and the machine may be busy.
  const spread = 0.5 + 0.15 * wanted;
  assert.ok(
    Math.abs(framesPerSecond - wanted) <= spread,
    `${name}: ${framesPerSecond.toFixed(1)} pictures a second instead of ${wanted}`,
  );
  assert.equal(after.pliCount, before.pliCount, `${name}: the decoder had to ask for a key frame`);
  if (!mayFreeze) assert.equal(after.freezeCount, before.freezeCount, `${name}: it froze`);
  return took;
}

// Each switch in each direction: by one, and over two at once.
const kOrder = [1, 0, 2, 0, 1, 2];

async function switchSizes(reception, mode) {
  const took = [];
  for (const spatialLayer of kOrder) {
    took.push(await switchAndWatch(reception, inFull(spatialLayer, mode), mode));
  }
  return took;
}

async function switchRates(reception, mode) {
  for (const temporalLayer of kOrder) {
    // A rate that falls to a quarter looks like a freeze to Chromium, once.
    const layers = { spatialLayer: 1, temporalLayer };
    await switchAndWatch(reception, layers, { ...mode, mayFreeze: true });
  }
}

async function judge(t, lab, mode) {
  const publisher = await lab.page('Ada');
  const viewer = await lab.page('Bo');
  try {
    const { mimeType, encodings, cipher } = mode;
    const what = { mimeType, encodings, cipher, picture: kPicture };
    const producer = await publisher.publishPicture(what);
    const reception = await viewer.consume(producer, { cipher });
    await switchTo(reception, inFull(2, mode), { within: kStartMs });
    const took = await switchSizes(reception, mode);
    if (mode.rates) await switchRates(reception, mode);
    const { codec, framesDecoded, framesDropped } = await reception.stats();
    assert.equal(codec, mimeType);
    t.diagnostic(
      `${mode.name}: switches took ${took.join(', ')} ms; ` +
        `${framesDecoded} pictures decoded, ${framesDropped} dropped`,
    );
  } finally {
    await Promise.all([publisher.close(), viewer.close()]);
  }
}

// Plays every mode in a browser of its own kind of pages.
export async function judgeModes(t, stage, modes) {
  const lab = await Lab.open(stage.browser);
  try {
    for (const mode of modes) await t.test(mode.name, (t) => judge(t, lab, mode));
  } finally {
    await lab.close();
  }
}

// What nobody watches is said to the application, which may stop sending it.
async function wanted(lab) {
  const publisher = await lab.page('Ada');
  const [one, other] = [await lab.page('Bo'), await lab.page('Cleo')];
  const what = { mimeType: 'video/VP8', encodings: simulcast('L1T3'), picture: kPicture };
  const producer = await publisher.publishPicture(what);
  const told = [];
  producer.on('wantedlayers', (layers) => told.push(layers?.spatialLayer ?? null));
  const isTold = (spatialLayer) =>
    until(`${spatialLayer} is the highest layer wanted`, () => told.at(-1) === spatialLayer, {
      within: 5_000,
      seen: async () => told,
    });
  const views = [await one.consume(producer), await other.consume(producer)];
  for (const { consumer } of views) await consumer.setPreferredLayers({ spatialLayer: 0 });
  await isTold(0);
  await views[0].consumer.setPreferredLayers({ spatialLayer: 2 });
  await isTold(2);
  await views[0].consumer.pause();
  await isTold(0);
  views[1].consumer.close();
  await isTold(null);
  await Promise.all([publisher, one, other].map((page) => page.close()));
}

export async function layers(t, stage) {
  await judgeModes(t, stage, kModes);
  const lab = await Lab.open(stage.browser);
  try {
    await t.test('what is wanted is told', () => wanted(lab));
  } finally {
    await lab.close();
  }
}
