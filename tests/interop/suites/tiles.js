// Small tiles ask for small pictures, and what nobody asks for is not sent.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { recordCamera } from '../support/recordings.js';

const kProbe = fileURLToPath(new URL('../support/rtc_probe.js', import.meta.url));
const kCamera = { width: 960, height: 540, fps: 12 };
const kLarge = { width: 1280, height: 800 };
const kSmall = { width: 320, height: 300 };
const kFallMs = 3000;
const kReturnMs = 1500;
// Late is told from never.
const kPatienceMs = 10_000;
// Without this the encoder's own ramp would be measured.
const kStartMs = 20_000;
// Two pictures of the slowest layer: who was silent for so long has stopped.
const kQuietMs = 500;

// Which sizes Ada's encoders work on, by what they did since `before`.
async function encoders(ada) {
  const { at, outbound } = await ada.page.evaluate(() => rtcProbe.sample());
  const video = outbound.filter(({ kind }) => kind === 'video');
  const frames = new Map(video.map(({ rid, framesEncoded }) => [rid, framesEncoded ?? 0]));
  const widths = new Map(video.map(({ rid, frameWidth }) => [rid, frameWidth ?? 0]));
  return { at, frames, widths };
}

// Watches until `isDone` says so of the rids at work; resolves with the milliseconds since `since`
// at which it had become so.
async function watchEncoders(ada, since, what, isDone) {
  const lastWork = new Map();
  let before = await encoders(ada);
  return ada.until(
    what,
    async () => {
      const now = await encoders(ada);
      for (const [rid, frames] of now.frames) {
        if (frames > (before.frames.get(rid) ?? 0)) lastWork.set(rid, now.at);
      }
      before = now;
      const took = isDone(lastWork, now);
      return took !== null && { took: took - since };
    },
    { within: kPatienceMs, every: 50, seen: async () => [...(await encoders(ada)).frames] },
  );
}

const rank = (now) => [...now.widths].sort(([, a], [, b]) => a - b).map(([rid]) => rid);

// Only the smallest has worked for a while; when did the others stop?
function onlyTheSmallest(lastWork, now, rids) {
  const others = rids.slice(1).map((rid) => lastWork.get(rid) ?? 0);
  const works = now.at - (lastWork.get(rids[0]) ?? 0) < kQuietMs;
  const last = Math.max(...others);
  return works && now.at - last > kQuietMs ? last : null;
}

async function sent(ada, ms) {
  const bytes = async () => {
    const { outbound } = await ada.page.evaluate(() => rtcProbe.sample());
    const video = outbound.filter(({ kind }) => kind === 'video');
    return video.reduce((sum, row) => sum + row.bytesSent, 0);
  };
  const before = await bytes();
  await new Promise((resolve) => setTimeout(resolve, ms));
  return (((await bytes()) - before) * 8) / ms;
}

async function resize(people, viewport) {
  await Promise.all(people.map((one) => one.page.setViewportSize(viewport)));
  return Date.now();
}

async function fallAndReturn(t, ada, viewers) {
  let rids;
  await ada.until(
    'sends three sizes',
    async () => {
      const now = await encoders(ada);
      rids = rank(now);
      return rids.length === 3 && [...now.widths.values()].includes(kCamera.width);
    },
    { within: kStartMs },
  );
  const top = rids.at(-1);
  const large = await sent(ada, 2000);

  const shrunk = await resize(viewers, kSmall);
  const fall = await watchEncoders(ada, shrunk, 'sends the smallest size only', (work, now) =>
    onlyTheSmallest(work, now, rids),
  );
  const small = await sent(ada, 2000);

  const grown = await resize(viewers.slice(0, 1), kLarge);
  const back = await watchEncoders(
    ada,
    grown,
    'sends the largest size again',
    (work) => work.get(top) ?? null,
  );
  await viewers[0].until(
    'sees the large picture',
    async () => (await viewers[0].from('Ada')).frameWidth === kCamera.width,
  );

  t.diagnostic(
    `all tiles small: uplink from ${Math.round(large)} to ${Math.round(small)} kbit/s ` +
      `after ${Math.round(fall.took)} ms; ` +
      `one large tile: top size again after ${Math.round(back.took)} ms`,
  );
  assert.ok(small < large / 2, `uplink fell from ${large} to ${small} kbit/s only`);
  assert.ok(fall.took < kFallMs, `fell after ${fall.took} ms`);
  assert.ok(back.took < kReturnMs, `returned after ${back.took} ms`);
}

export async function tiles(t, stage) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tiles-'));
  const camera = join(folder, 'camera.y4m');
  await recordCamera(camera, kCamera);
  const extra = [`--use-file-for-fake-video-capture=${camera}`];
  const browser = await stage.openBrowser({ extra });
  try {
    const room = stage.freshRoom('tiles');
    const where = { browser };
    const ada = await stage.participant('Ada', { room, script: kProbe, viewport: kLarge }, where);
    // They only watch: a camera of their own would share the machine, and their tiles the window.
    const watcher = { room, audio: 0, video: 0, viewport: kLarge };
    const bo = await stage.participant('Bo', watcher, where);
    const cleo = await stage.participant('Cleo', watcher, where);
    await t.test('small tiles, then one large', (t) => fallAndReturn(t, ada, [bo, cleo]));
  } finally {
    await browser.close();
    await rm(folder, { recursive: true });
  }
}
