// The room of the Go SDK's example holds a call: two people on a page without any library.

import assert from 'node:assert/strict';

import { GoRoom, whyNoGo } from '../support/go_room.js';
import { until } from '../support/until.js';

// Pictures that came one after the other are no still.
const kMoving = 20;

class Guest {
  static async open(stage, room, name) {
    const context = await stage.browser.newContext();
    const guest = new Guest();
    guest.context = context;
    guest.page = await context.newPage();
    guest.errors = [];
    guest.page.on('pageerror', (error) => guest.errors.push(error.message));
    guest.page.on('console', (line) => {
      if (line.type() === 'error') guest.errors.push(line.text());
    });
    await guest.page.goto(room.url);
    await guest.join(name);
    return guest;
  }

  async join(name) {
    await this.page.fill('#name', name);
    await this.page.click('#door button');
    await this.page.waitForSelector('#stage:not([hidden])');
    this.joined = performance.now();
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
    const before = await this.media();
    const look = async () => {
      const now = await this.media();
      return (
        now.frames >= before.frames + kMoving && now.energy > before.energy && { before, ...now }
      );
    };
    const seen = () => this.media();
    return until('somebody is seen and heard', look, { within: 30_000, seen });
  }

  // Of the second picture of somebody: what the element on the page has shown.
  framesOfScreen() {
    return this.page.$eval(
      '.tile.screen video',
      (video) => video.getVideoPlaybackQuality().totalVideoFrames,
    );
  }

  tiles() {
    return this.page.$$eval('.tile figcaption', (captions) => captions.map((c) => c.textContent));
  }

  hasTiles(...names) {
    const want = names.sort().join();
    return until(`tiles of ${want}`, async () => (await this.tiles()).sort().join() === want, {
      seen: () => this.tiles(),
    });
  }
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

export async function goRoom(t, stage) {
  if (whyNoGo) {
    t.skip(whyNoGo);
    return;
  }
  const room = await GoRoom.start();
  const guests = [];
  try {
    await t.test('two people see and hear each other', async (t) => {
      for (const name of ['Ann', 'Bob']) guests.push(await Guest.open(stage, room, name));
      const [ann, bob] = guests;
      await ann.hasTiles('Ann (you)', 'Bob');
      await bob.hasTiles('Ann', 'Bob (you)');
      const seen = await Promise.all(guests.map((guest) => guest.seesAndHears()));
      for (const [index, { frames, width, energy, encodings }] of seen.entries()) {
        t.diagnostic(
          `${['Ann', 'Bob'][index]}: ${frames} pictures of ${width} px, audio energy ${energy.toFixed(4)}, sends ${encodings} sizes`,
        );
        assert.equal(encodings, 3);
      }
    });

    await t.test('a screen is shown and taken away three times', async () => {
      const [ann, bob] = guests;
      await ann.page.evaluate(drawScreen);
      for (let round = 0; round < 3; round += 1) {
        await ann.page.click('#screen');
        await bob.hasTiles('Ann', 'Ann: screen', 'Bob (you)');
        const before = await bob.framesOfScreen();
        await until('the screen moves', async () => (await bob.framesOfScreen()) > before + 5, {
          seen: () => bob.framesOfScreen(),
        });
        await ann.page.click('#screen');
        await bob.hasTiles('Ann', 'Bob (you)');
      }
      // The place of the screen is used again and again.
      const sections = await bob.page.evaluate(
        () => window.call.connection.remoteDescription.sdp.match(/^m=/gm).length,
      );
      assert.equal(sections, 5);
      await bob.seesAndHears();
    });

    await t.test('ICE restarts, and both go on seeing and hearing', async () => {
      const [ann] = guests;
      const ufrag = () =>
        ann.page.evaluate(
          () => /ufrag:(\S+)/.exec(window.call.connection.remoteDescription.sdp)[1],
        );
      const before = await ufrag();
      await ann.page.evaluate(() => window.call.connection.restartIce());
      await until('the server has other credentials', async () => (await ufrag()) !== before);
      await Promise.all(guests.map((guest) => guest.seesAndHears()));
    });

    await t.test('who leaves is gone at once, and is there again on coming back', async (t) => {
      const [ann, bob] = guests;
      await ann.page.click('#leave');
      await bob.hasTiles('Bob (you)');
      assert.deepEqual(await room.health(), { rooms: 1, people: 1 });
      await ann.join('Ann');
      await bob.hasTiles('Ann', 'Bob (you)');
      await Promise.all(guests.map((guest) => guest.seesAndHears()));
      t.diagnostic(`together again after ${Math.round(performance.now() - ann.joined)} ms`);
    });

    await t.test('who closes the page is gone, and so is the room behind the last', async () => {
      const [ann, bob] = guests;
      await ann.page.close({ runBeforeUnload: false });
      await bob.hasTiles('Bob (you)');
      await bob.page.click('#leave');
      await until('the room is gone', async () => (await room.health()).rooms === 0);
      for (const guest of guests) assert.deepEqual(guest.errors, []);
    });
  } finally {
    await Promise.all(guests.map((guest) => guest.context.close().catch(() => {})));
    assert.equal(await room.stop(), 0);
  }
}
