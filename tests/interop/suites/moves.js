// A person on the move: ICE restarts, a NAT that shows another address, another network. For how
// long is nothing seen and heard, and what of that is ours?

import assert from 'node:assert/strict';

import { describe, longestGap, medianOf, worstOf } from '../support/gaps.js';
import { Mover } from '../support/mover.js';
import { whyNoSite } from '../support/site.js';
import { roaming } from './roaming.js';

const kTimes = 5;
// Of the short form, at most.
const kTries = 3;
// As long before as after, so that what else the machine has to do shows in both alike.
const kWindowMs = 2000;
// What a restart may cost, in packets and in pictures.
const kMostGapMs = 200;
// From the browser's check on a new path to media on it, as far as the worker is concerned: sound is
// sent every 20 ms.
const kMostAddedMs = 50;
// libwebrtc checks a path that is well every 2.5 s, and nobody may send to a new address before.
const kCheckMs = 2500;

const now = () => performance.timeOrigin + performance.now();

// What one disturbance meant to Bo. `usual` is the longest gap just before it, when nothing was
// disturbed but by what else the machine had to do.
function judge(mover, { at, from, until, passed, pictures, concealedMs }) {
  const streams = mover.streams(passed);
  const worst = (all) => Math.max(...all.map((times) => longestGap(times, at, until)));
  const before = [...streams, pictures].map((times) => times.filter((time) => time < at));
  return {
    packets: worst(streams),
    pictures: worst([pictures]),
    usual: Math.max(...before.map((times) => longestGap(times, from, at))),
    concealed: Math.round(concealedMs),
  };
}

const gapsOf = ({ packets, pictures }) => [packets, pictures];

function tell(t, what, rows) {
  const figures = ['packets', 'pictures', 'concealed', 'usual'];
  const all = figures.map((name) => describe(rows, name));
  t.diagnostic(`${what}, ${rows.length} times, ms: ${all.join('; ')}`);
}

// A restart in a quiet second, and what it meant.
async function restartOnce(mover, who) {
  const act = async () => {
    const at = now();
    await mover.restart(who);
    return at;
  };
  return judge(mover, await mover.during(act, { quietMs: kWindowMs, restMs: kWindowMs }));
}

async function restarts(t, mover, who) {
  const rows = [];
  for (let i = 0; i < kTimes; ++i) rows.push(await restartOnce(mover, who));
  tell(t, `ICE restart of the ${who}`, rows);
  const most = Math.max(kMostGapMs, worstOf(rows, 'usual'));
  for (const what of ['packets', 'pictures']) {
    const gap = medianOf(rows, what);
    assert.ok(gap <= most, `half of the restarts cost ${gap} ms of ${what}`);
  }
}

// Of a move: when the browser checked the path that it uses, and what the worker added to that.
function recovery(mover, who, { at, passed }) {
  const media = mover.notesOf(passed, who, who === 'sender' ? 'up media' : 'down media');
  const used = media.findLast((note) => note.at < at)?.who;
  const checks = mover.notesOf(passed, who, 'up check');
  const checked = checks.find((note) => note.at > at && note.who === used)?.at;
  assert.ok(checked, 'the browser checks its path');
  const after = (times) => times.find((time) => time > checked);
  const flows = Math.min(...mover.streams(passed).map(after).filter(Boolean));
  // A sender's next packet has to come first.
  const due = who === 'sender' ? after(media.map((note) => note.at)) : checked;
  return { checked: checked - at, added: flows - due };
}

async function rebinds(t, mover, who) {
  const rows = [];
  for (let i = 0; i < kTimes; ++i) {
    const during = await mover.during(() => mover.move(who), {
      quietMs: kWindowMs,
      restMs: kCheckMs + kWindowMs,
    });
    rows.push({ ...judge(mover, during), ...recovery(mover, who, during) });
  }
  tell(t, `new address of the ${who}`, rows);
  const parts = ['checked', 'added'].map((name) => describe(rows, name));
  t.diagnostic(`of that, until the browser checked and after it: ${parts.join('; ')}`);
  const late = Math.max(kMostAddedMs, worstOf(rows, 'usual'));
  const added = medianOf(rows, 'added');
  assert.ok(added <= late, `half of the time media flowed ${added} ms after the check`);
  // And nothing else than the wait for the check keeps anybody waiting, pictures included.
  const rest = medianOf(
    rows.map(({ pictures, checked }) => ({ rest: pictures - checked })),
    'rest',
  );
  assert.ok(
    rest <= kMostGapMs + late,
    `half of the time a picture came ${rest} ms after the check`,
  );
}

async function withMover(stage, play) {
  const browser = await stage.openBrowser();
  const mover = await Mover.open(browser);
  try {
    await play(mover);
  } finally {
    await mover.close();
    await browser.close();
  }
}

// The short form, for every run: a busy machine makes gaps of its own, but not each time.
export async function restart(t, stage) {
  await withMover(stage, async (mover) => {
    for (const who of ['sender', 'receiver']) {
      const rows = [];
      do {
        rows.push(await restartOnce(mover, who));
      } while (rows.length < kTries && Math.max(...gapsOf(rows.at(-1))) > kMostGapMs);
      tell(t, `ICE restart of the ${who}`, rows);
      const gap = Math.min(...rows.map((row) => Math.max(...gapsOf(row))));
      assert.ok(gap <= kMostGapMs, `${rows.length} restarts cost ${gap} ms each, or more`);
    }
  });
}

export async function moves(t, stage) {
  await withMover(stage, async (mover) => {
    for (const who of ['sender', 'receiver']) {
      await t.test(`ICE restart of the ${who}`, (t) => restarts(t, mover, who, kTimes));
      await t.test(`new address of the ${who}`, (t) => rebinds(t, mover, who));
    }
  });
  await t.test('another network', { skip: whyNoSite }, roaming);
}
