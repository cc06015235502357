// The room of the Go SDK's example holds a call: two people on a page without any library.

import assert from 'node:assert/strict';

import { Firefox, ownAddress, whyNoFirefox } from '../support/firefox.js';
import { GoRoom, whyNoGo } from '../support/go_room.js';
import { until } from '../support/until.js';

// Pictures that came one after the other are no still.
const kMoving = 20;
const kShares = 10;

// Somebody in the room, with a tab of whichever browser.
class Guest {
  static async open(page, room, name) {
    const guest = new Guest();
    guest.page = page;
    guest.name = name;
    await page.goto(room.url);
    await guest.join(name);
    return guest;
  }

  async join(name) {
    await this.page.evaluate((who) => {
      document.querySelector('#name').value = who;
      document.querySelector('#door').requestSubmit();
    }, name);
    await until(`${name} is in the room`, () =>
      this.page.evaluate(() => !document.querySelector('#stage').hidden),
    );
    this.joined = performance.now();
  }

  press(id) {
    return this.page.evaluate((which) => document.getElementById(which).click(), id);
  }

  // What is decoded and what is sent, from the browser's own statistics.
  media() {
    return this.page.evaluate(async () => {
      const media = { frames: 0, width: 0, energy: 0, encodings: 0, freezes: 0 };
      for (const stat of (await window.call.connection.getStats()).values()) {
        if (stat.type === 'outbound-rtp' && stat.kind === 'video') media.encodings += 1;
        if (stat.type !== 'inbound-rtp') continue;
        if (stat.kind === 'audio') media.energy += stat.totalAudioEnergy ?? 0;
        if (stat.kind !== 'video') continue;
        media.frames += stat.framesDecoded ?? 0;
        media.freezes += stat.freezeCount ?? 0;
        media.width = Math.max(media.width, stat.frameWidth ?? 0);
      }
      return media;
    });
  }

  // Resolves when pictures move and something is heard from now on.
  async seesAndHears() {
    let before = await this.media();
    const look = async () => {
      const now = await this.media();
      // With a stream that has ended its numbers are gone, and those that follow begin anew.
      if (now.frames < before.frames || now.energy < before.energy) before = now;
      return (
        now.frames >= before.frames + kMoving && now.energy > before.energy && { before, ...now }
      );
    };
    const seen = () => this.media();
    return until(`${this.name} sees and hears somebody`, look, { within: 30_000, seen });
  }

  // Of the second picture of somebody: what was decoded of it, once the element on the page shows it.
  // Firefox counts no pictures of a MediaStream at its element.
  framesOfScreen() {
    return this.page.evaluate(async () => {
      const video = document.querySelector('.tile.screen video');
      if (!video?.videoWidth) return 0;
      const [track] = video.srcObject.getVideoTracks();
      const receiver = window.call.connection
        .getReceivers()
        .find((each) => each.track.id === track.id);
      const stats = [...(await receiver.getStats()).values()];
      return stats.find(({ type }) => type === 'inbound-rtp')?.framesDecoded ?? 0;
    });
  }

  tiles() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.tile figcaption')].map((caption) => caption.textContent),
    );
  }

  hasTiles(...names) {
    const want = names.sort().join();
    return until(
      `${this.name} has tiles of ${want}`,
      async () => (await this.tiles()).sort().join() === want,
      { within: 20_000, seen: () => this.tiles() },
    );
  }

  // Sections of all there is, as the server describes them.
  sections() {
    return this.page.evaluate(
      () => window.call.connection.remoteDescription.sdp.match(/^m=/gm).length,
    );
  }

  // What the page's own button does; resolves to whether anybody could hear it.
  say(text) {
    return this.page.evaluate((words) => {
      const input = document.querySelector('#words');
      input.value = words;
      document.querySelector('#say').requestSubmit();
      return input.value === '';
    }, text);
  }

  hears(line, within) {
    const lines = () =>
      this.page.evaluate(() =>
        [...document.querySelectorAll('#lines li')].map(({ textContent }) => textContent),
      );
    return until(`${this.name} hears "${line}"`, async () => (await lines()).includes(line), {
      within,
      seen: lines,
    });
  }
}

// A tab of Chromium; what goes wrong in it is kept in `errors`.
async function openTab(context, errors) {
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') errors.push(line.text());
  });
  return page;
}

// In a page: a screen that changes, in the place of one that a person would have to choose.
function drawScreen() {
  const canvas = document.createElement('canvas');
  canvas.width = 640;
  canvas.height = 360;
  const brush = canvas.getContext('2d');
  setInterval(() => {
    brush.fillStyle = `hsl(${performance.now() / 10}, 60%, 50%)`;
    brush.fillRect(0, 0, canvas.width, canvas.height);
  }, 50);
  navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(10);
}

// `one` shows a screen and takes it away, again and again; `other` sees it come and go.
async function shares(one, other, times) {
  await one.page.evaluate(drawScreen);
  const [own, screen] = [[one.name, `${other.name} (you)`], `${one.name}: screen`];
  let sections = null;
  for (let round = 1; round <= times; round += 1) {
    await one.press('screen');
    await other.hasTiles(...own, screen);
    const before = await other.framesOfScreen();
    await until('the screen moves', async () => (await other.framesOfScreen()) > before + 5, {
      within: 20_000,
      seen: () => other.framesOfScreen(),
    });
    await one.press('screen');
    await other.hasTiles(...own);
    // The place of the screen is used again and again.
    sections ??= await other.sections();
    assert.equal(await other.sections(), sections, `round ${round}`);
  }
  await Promise.all([one.seesAndHears(), other.seesAndHears()]);
  return sections;
}

// Channels stand at their own time: what nobody can hear yet is said again, and so is what the other
// one's channel was not open for.
async function talk(ann, bob) {
  for (const [one, other] of [
    [ann, bob],
    [bob, ann],
  ]) {
    const line = `${one.name} it is <b>${one.name}</b>`;
    const said = async () => {
      await one.say(`it is <b>${one.name}</b>`);
      return other.hears(line, 2000).then(
        () => true,
        () => false,
      );
    };
    await until(`${other.name} hears ${one.name}`, said, { within: 30_000 });
    await one.hears(`${one.name} (you) it is <b>${one.name}</b>`);
  }
}

export async function goRoom(t, stage) {
  if (whyNoGo) {
    t.skip(whyNoGo);
    return;
  }
  const room = await GoRoom.start();
  const guests = [];
  const contexts = [];
  const errors = [];
  try {
    await t.test('two people see and hear each other', async (t) => {
      for (const name of ['Ann', 'Bob']) {
        const context = await stage.browser.newContext();
        contexts.push(context);
        guests.push(await Guest.open(await openTab(context, errors), room, name));
      }
      const [ann, bob] = guests;
      await ann.hasTiles('Ann (you)', 'Bob');
      await bob.hasTiles('Ann', 'Bob (you)');
      await meet(t, guests);
    });

    await t.test('what is said is read by the other, as it was said', () => talk(...guests));

    await t.test('a screen is shown and taken away three times', async () => {
      // Two of each person, the screen, and the messages.
      assert.equal(await shares(...guests, 3), 6);
    });

    await t.test('ICE restarts, and both go on seeing and hearing', async () => {
      await restart(...guests);
    });

    await t.test('who leaves is gone at once, and is there again on coming back', async (t) => {
      const [ann, bob] = guests;
      await ann.press('leave');
      await bob.hasTiles('Bob (you)');
      assert.deepEqual(await room.health(), { rooms: 1, people: 1 });
      await ann.join('Ann');
      await bob.hasTiles('Ann', 'Bob (you)');
      await Promise.all(guests.map((guest) => guest.seesAndHears()));
      t.diagnostic(
        `${kMoving} pictures, and sound, ${Math.round(performance.now() - ann.joined)} ms after coming back`,
      );
    });

    await t.test('who closes the page is gone, and so is the room behind the last', async () => {
      const [ann, bob] = guests;
      await ann.page.close({ runBeforeUnload: false });
      await bob.hasTiles('Bob (you)');
      await bob.press('leave');
      await until('the room is gone', async () => (await room.health()).rooms === 0);
      assert.deepEqual(errors, []);
    });
  } finally {
    await Promise.all(contexts.map((context) => context.close().catch(() => {})));
    assert.equal(await room.stop(), 0);
  }
}

// Firefox speaks to no address of loopback, so the room has to have another one.
export async function goRoomFirefox(t, stage) {
  const whyNot = whyNoGo || whyNoFirefox;
  if (whyNot) {
    t.skip(whyNot);
    return;
  }
  const room = await GoRoom.start('-rtc-ip', '0.0.0.0', '-announce', ownAddress());
  const context = await stage.browser.newContext();
  const errors = [];
  let firefox;
  try {
    firefox = await Firefox.open();
    const page = await firefox.page();
    const fox = await Guest.open(page, room, 'Fox');
    const ada = await Guest.open(await openTab(context, errors), room, 'Ada');
    await t.test('Firefox and Chromium see and hear each other', async (t) => {
      await fox.hasTiles('Fox (you)', 'Ada');
      await ada.hasTiles('Fox', 'Ada (you)');
      await meet(t, [fox, ada]);
    });
    await t.test('what is said is read by the other, as it was said', () => talk(fox, ada));
    await t.test(`Firefox sees a screen come and go ${kShares} times in the same sections`, () =>
      shares(ada, fox, kShares),
    );
    await t.test(`Chromium sees the screen of Firefox ${kShares} times in the same sections`, () =>
      shares(fox, ada, kShares),
    );
    await t.test('ICE begins anew in Firefox, and both go on', () => restart(fox, ada));
    await t.test('Firefox leaves, and is there again on coming back', async () => {
      await fox.press('leave');
      await ada.hasTiles('Ada (you)');
      await fox.join('Fox');
      await ada.hasTiles('Fox', 'Ada (you)');
      await Promise.all([fox, ada].map((guest) => guest.seesAndHears()));
      await talk(ada, fox);
      assert.deepEqual(errors, []);
      assert.deepEqual(
        page.console.filter((line) => line.startsWith('error')),
        [],
      );
    });
  } finally {
    await context.close().catch(() => {});
    await firefox?.close();
    assert.equal(await room.stop(), 0);
  }
}

// Both see and hear, and send three sizes.
async function meet(t, guests) {
  const seen = await Promise.all(guests.map((guest) => guest.seesAndHears()));
  for (const [index, { frames, width, energy, encodings }] of seen.entries()) {
    t.diagnostic(
      `${guests[index].name}: ${frames} pictures of ${width} px, audio energy ${energy.toFixed(4)}, sends ${encodings} sizes`,
    );
    assert.equal(encodings, 3);
  }
}

async function restart(one, other) {
  const ufrag = () =>
    one.page.evaluate(() => /ufrag:(\S+)/.exec(window.call.connection.remoteDescription.sdp)[1]);
  const before = await ufrag();
  await one.page.evaluate(() => window.call.connection.restartIce());
  await until('the server has other credentials', async () => (await ufrag()) !== before);
  await Promise.all([one, other].map((guest) => guest.seesAndHears()));
}
