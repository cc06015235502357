// Every codec and every way to layer it: a real decoder is switched up and down, by size and by
// rate.

import assert from 'node:assert/strict';

import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';

export const kPicture = { width: 960, height: 540, fps: 12 };
// A path that nothing is known of is probed before it is trusted with the top layer.
const kStartMs = 20_000;
// Down waits for the next picture, up for a key frame from a busy encoder.
const kSwitchMs = 5_000;
const kWatchSeconds = 2;

export const simulcast = (scalabilityMode) => [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 200_000, scalabilityMode },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode },
];
export const svc = (scalabilityMode) => [{ maxBitrate: 2_500_000, scalabilityMode }];

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

// Pictures encoded so far of a size; all sizes in one stream are counted together.
async function sentPictures(publisher, spatialLayer) {
  const { outbound } = await publisher.sample();
  const pictures = outbound.filter(({ kind }) => kind === 'video');
  pictures.sort((a, b) => a.frameWidth - b.frameWidth);
  return (pictures[spatialLayer] ?? pictures[0]).framesEncoded;
}

// A key frame is dear: an encoder that has just made one leaves pictures out until it is paid for.
const kWindows = 4;

// Switches, and watches: the size asked for, in the rate asked for, and no decoder that asks for
// help. What the encoder leaves out nobody can forward, so the rate is that of what was encoded.
async function switchAndWatch({ publisher, reception }, layers, { rates }) {
  const before = await reception.stats();
  const took = await switchTo(reception, layers);
  const part = rates ? rateOf(layers.temporalLayer) / kPicture.fps : 1;
  const name = JSON.stringify(layers);
  const seen = [];
  for (let i = 0; i < kWindows; ++i) {
    const sentBefore = await sentPictures(publisher, layers.spatialLayer);
    const { framesPerSecond, after } = await reception.over(kWatchSeconds);
    const sent = (await sentPictures(publisher, layers.spatialLayer)) - sentBefore;
    const wanted = Math.min(sent / kWatchSeconds, kPicture.fps) * part;
    assert.equal(after.pliCount, before.pliCount, `${name}: the decoder asked for a key frame`);
    seen.push(`${framesPerSecond.toFixed(1)} of ${wanted.toFixed(1)} at ${after.frameWidth}`);
    const rightSize = after.frameWidth === widthOf(layers.spatialLayer);
    // One picture more or less in two seconds, and the machine may be busy.
    if (rightSize && Math.abs(framesPerSecond - wanted) <= 0.5 + 0.15 * wanted) return took;
  }
  assert.fail(`${name}: pictures a second: ${seen.join('; ')}`);
}

// Each switch in each direction: by one, and over two at once.
const kOrder = [1, 0, 2, 0, 1, 2];

async function switchSizes(pair, mode) {
  const took = [];
  for (const spatialLayer of kOrder) {
    took.push(await switchAndWatch(pair, inFull(spatialLayer, mode), mode));
  }
  return took;
}

async function switchRates(pair, mode) {
  for (const temporalLayer of kOrder) {
    await switchAndWatch(pair, { spatialLayer: 1, temporalLayer }, mode);
  }
}

async function judge(t, lab, mode) {
  const publisher = await lab.page('Ada');
  const viewer = await lab.page('Bo');
  try {
    const { mimeType, encodings, encrypted } = mode;
    const what = { mimeType, encodings, encrypted, picture: kPicture };
    const producer = await publisher.publishPicture(what);
    const reception = await viewer.consume(producer, { encrypted });
    await switchTo(reception, inFull(2, mode), { within: kStartMs });
    // Encoders begin slowly, and leave pictures out until their own path is known.
    const isFluent = ({ framesPerSecond }) => framesPerSecond >= 0.8 * kPicture.fps;
    await reception.until('sees it move fluently', isFluent, { within: kStartMs });
    const took = await switchSizes({ publisher, reception }, mode);
    if (mode.rates) await switchRates({ publisher, reception }, mode);
    const { codec, framesDecoded, framesDropped, freezeCount } = await reception.stats();
    assert.equal(codec, mimeType);
    t.diagnostic(
      `${mode.name}: switches took ${took.join(', ')} ms; ` +
        `${framesDecoded} pictures decoded, ${framesDropped} dropped, ${freezeCount} freezes`,
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
