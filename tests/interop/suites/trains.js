// What one peer is owed leaves as segment trains, with padding where sizes hardly differ, and under
// load it is held for a moment: do real receivers decode it as they decode what leaves packet by
// packet?
//
// The same scene is played twice at once, by two workers to two browsers over two links of one
// kind, so that whatever the machine is busy with happens to both.

import assert from 'node:assert/strict';

import { figuresOf, findings } from '../networks/train_figures.js';
import { Lab } from '../support/lab.js';
import { whyNoNamespaces } from '../support/namespace.js';
import { RoutedPath } from '../support/routed_path.js';

const kOn = { segmentTrains: true };
const kOff = { segmentTrains: false, maxHoldUs: 0 };

const kPicture = { width: 640, height: 360, fps: 10 };
// Chromium sends no more than two sizes of a picture so small. At these rates each takes several
// packets.
const simulcast = (scalabilityMode) => [
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 350_000, scalabilityMode },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_000_000, scalabilityMode },
];
const svc = (scalabilityMode) => [{ maxBitrate: 1_350_000, scalabilityMode }];

const kDelay = 'delay=10ms';
const kClean = { name: 'clean', down: kDelay };
const kLossy = { name: '5 % lost', down: `${kDelay} loss=5%`, isLossy: true };
// All that is wanted fits, but not in bursts.
const kNarrow = { name: 'narrow', down: `${kDelay} rate=2500k queue=100000` };
const kBusy = { name: 'busy worker', down: kDelay, isBusy: true };

const kModes = [
  { name: 'VP8 simulcast', mimeType: 'video/VP8', encodings: simulcast('L1T3') },
  { name: 'VP9 L2T3_KEY', mimeType: 'video/VP9', encodings: svc('L2T3_KEY') },
  { name: 'H264 simulcast', mimeType: 'video/H264', encodings: simulcast('L1T1') },
  { name: 'AV1 L2T3', mimeType: 'video/AV1', encodings: svc('L2T3') },
];

const kStartMs = 40_000;
// What the link did before has been repaired, and the estimator has heard of it.
const kSettleMs = 2_000;
const kWatchSeconds = 8;
const kAskMs = 500;
// Two encoders are never equally hindered by a machine that is busy. What trains break is broken
// in each window.
const kWindows = 3;
// Of the datagrams of all windows of a codec so many shared their way with another, and of the turns
// so many waited, or nothing would be tried. A worker that rests has few to share.
const kLeastShared = 200;
const kLeastHolds = 20;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const all = (promises) => Promise.all(promises);

// Ada is seen and heard, Bo is heard; Bo sees the small size, Cleo the large one and hears both.
class Scene {
  #lab;
  #path;
  #pages = [];
  #pictures = [];
  #sounds = [];

  static async open(settings) {
    const scene = new Scene();
    scene.#path = await RoutedPath.open();
    const { browser, workerBin, workerIp: ip } = scene.#path;
    try {
      scene.#lab = await Lab.open(browser, { workerBin, ip, ...settings });
    } catch (error) {
      await scene.#path.close();
      throw error;
    }
    return scene;
  }

  get worker() {
    return this.#lab.worker;
  }

  async start({ mimeType, encodings }) {
    for (const name of ['Ada', 'Bo', 'Cleo']) this.#pages.push(await this.#lab.page(name));
    const [ada, bo, cleo] = this.#pages;
    const picture = await ada.publishPicture({ mimeType, encodings, picture: kPicture });
    const voices = [
      await ada.publishTone({ pitch: 300, hum: 0.2, dtx: false }),
      await bo.publishTone({ pitch: 500, hum: 0.2, dtx: false }),
    ];
    const small = { preferredLayers: { spatialLayer: 0 } };
    this.#pictures = [await bo.consume(picture, small), await cleo.consume(picture)];
    this.#sounds = [await bo.consume(voices[0])];
    for (const voice of voices) this.#sounds.push(await cleo.consume(voice));
    await all([this.#sees(0, kPicture.width / 2), this.#sees(1, kPicture.width)]);
  }

  #sees(viewer, width) {
    const moves = ({ frameWidth, framesPerSecond }) =>
      frameWidth === width && framesPerSecond >= 0.7 * kPicture.fps;
    const within = { within: kStartMs };
    return this.#pictures[viewer].until(`sees ${width} pixels move`, moves, within);
  }

  setLink({ down }) {
    return this.#path.link.set(kDelay, down);
  }

  async watch() {
    const before = await this.#snapshot();
    const beliefs = [];
    for (let at = 0; at < kWatchSeconds * 1000; at += kAskMs) {
      await pause(kAskMs);
      beliefs.push(await this.#beliefs());
    }
    return figuresOf({ before, after: await this.#snapshot(), beliefs });
  }

  async #snapshot() {
    const stats = (receptions) => all(receptions.map((reception) => reception.stats()));
    const [worker, pictures, sounds, { outbound }] = await all([
      this.worker.getStats(),
      stats(this.#pictures),
      stats(this.#sounds),
      this.#pages[0].sample(),
    ]);
    // Sizes in one stream are counted together; each is watched by one.
    const sent = outbound.filter(({ kind }) => kind === 'video');
    return { worker, pictures, sounds, sent };
  }

  // Bits per second for each who watches.
  async #beliefs() {
    const stats = await all(this.#pages.slice(1).map((page) => page.receiveTransport.getStats()));
    return stats.map(([{ availableOutgoingBitrate, desiredOutgoingBitrate }]) => ({
      estimate: availableOutgoingBitrate ?? 0,
      desired: desiredOutgoingBitrate,
    }));
  }

  async clear() {
    await all(this.#pages.map((page) => page.close()));
    this.#pages = [];
  }

  async close() {
    this.#lab.worker.close();
    await this.#path.close();
  }
}

// Describing so many takes the worker a quarter of a millisecond or more.
const kRouters = 1000;

// Keeps a worker at work for a part of the time, with questions, until the answer is called.
async function keepBusy(worker) {
  const routers = [];
  for (let i = 0; i < kRouters; ++i) routers.push(await worker.createRouter());
  let asking = false;
  const timer = setInterval(async () => {
    if (asking) return;
    asking = true;
    await worker.dump().catch(() => {});
    asking = false;
  }, 1);
  return () => {
    clearInterval(timer);
    for (const router of routers) router.close();
  };
}

function tell(t, name, on, off) {
  for (const [which, figures] of Object.entries({ on, off })) {
    const words = Object.entries(figures).map(([field, value]) => `${field} ${value}`);
    t.diagnostic(`${name}, trains ${which}: ${words.join(', ')}`);
  }
}

// Resolves with the figures of each window with trains.
async function compare(t, [on, off], name, kind) {
  await all([on.setLink(kind), off.setLink(kind)]);
  await pause(kSettleMs);
  const windows = [];
  const found = [];
  for (let i = 0; i < kWindows; ++i) {
    const [with_, without] = await all([on.watch(), off.watch()]);
    tell(t, `${name}, ${kind.name}`, with_, without);
    assert.equal(with_.refused, 0, 'the device refused trains');
    assert.deepEqual([without.shared, without.padding, without.holds], [0, 0, 0]);
    windows.push(with_);
    const worse = findings(with_, without, kind);
    if (worse.length === 0) return windows;
    found.push(worse.join('; '));
  }
  assert.fail(`${kind.name}: worse in each window: ${found.join(' | ')}`);
}

async function compareBusy(t, scenes, name, kind) {
  const ends = await all(scenes.map(({ worker }) => keepBusy(worker)));
  try {
    return await compare(t, scenes, name, kind);
  } finally {
    for (const end of ends) end();
  }
}

async function judge(t, scenes, mode) {
  const windows = [];
  try {
    await all(scenes.map((scene) => scene.setLink(kClean)));
    await all(scenes.map((scene) => scene.start(mode)));
    for (const kind of [kClean, kLossy, kNarrow, kBusy]) {
      const play = kind.isBusy ? compareBusy : compare;
      windows.push(...(await play(t, scenes, mode.name, kind)));
    }
  } finally {
    await all(scenes.map((scene) => scene.clear()));
  }
  const sum = (field) => windows.reduce((total, figures) => total + figures[field], 0);
  assert.ok(sum('shared') >= kLeastShared, `${sum('shared')} datagrams shared their way`);
  assert.ok(sum('holds') >= kLeastHolds, `${sum('holds')} turns waited`);
  assert.ok(sum('padding') > 0, 'nothing was padded');
}

export async function trains(t) {
  await t.test('with trains and without', { skip: whyNoNamespaces }, async (t) => {
    const scenes = [];
    try {
      for (const settings of [kOn, kOff]) scenes.push(await Scene.open(settings));
      for (const mode of kModes) await t.test(mode.name, (t) => judge(t, scenes, mode));
    } finally {
      await all(scenes.map((scene) => scene.close()));
    }
  });
}
