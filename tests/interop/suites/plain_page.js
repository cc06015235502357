// Pages without a library: one RTCPeerConnection each, offers and answers, in the rooms of everybody.

import assert from 'node:assert/strict';

import { Firefox, ownAddress, whyNoFirefox } from '../support/firefox.js';
import { until } from '../support/until.js';

const kShares = 10;
const kWide = { width: 1600, height: 900 };
const kNarrow = { width: 300, height: 500 };

// A tab with the plain page, of whichever browser.
class PlainPage {
  constructor(page, name) {
    this.page = page;
    this.name = name;
  }

  static async open(page, base, room, name) {
    const address = new URL('/plain', base);
    for (const [key, value] of Object.entries({ room, name, join: 'auto' })) {
      address.searchParams.set(key, value);
    }
    await page.goto(address.href);
    return new PlainPage(page, name);
  }

  state() {
    return this.page.evaluate(() => window.sluicePlain.state());
  }

  stats() {
    return this.page.evaluate(() => window.sluicePlain.stats());
  }

  until(what, look, options) {
    const seen = async () => ({
      state: await this.state(),
      stats: await this.stats(),
      notice: await this.page.evaluate(() => document.querySelector('.notice')?.textContent ?? ''),
    });
    return until(`${this.name}: ${what}`, look, { within: 30_000, seen, ...options });
  }

  // The section of what the page was told that `name` sends, or undefined.
  async sectionOf(name, source) {
    const { peers } = await this.state();
    return peers.find((peer) => peer.name === name)?.streams[source];
  }

  // What arrives of `source` of the person called `name`: numbers of the browser, or undefined.
  async from(name, source) {
    const mid = await this.sectionOf(name, source);
    return mid === undefined ? undefined : (await this.stats()).received[mid];
  }

  // Pictures and sound of `name` go on arriving.
  async receives(name) {
    const look = async () => {
      const [picture, sound] = [
        await this.from(name, 'camera'),
        await this.from(name, 'microphone'),
      ];
      return picture && sound && { frames: picture.framesDecoded, bytes: sound.bytes };
    };
    const first = await this.until(`has a section for ${name}`, look);
    return this.until(`sees and hears ${name}`, async () => {
      const now = await look();
      return now && now.frames >= first.frames + 5 && now.bytes > first.bytes;
    });
  }

  sections() {
    return this.state().then(({ sections }) => sections);
  }

  press(label) {
    return this.page.evaluate((text) => {
      const button = document.querySelector(`button[aria-label="${text}"]`);
      if (!button) throw new Error(`there is no button ${text}`);
      button.click();
    }, label);
  }

  say(text) {
    return this.page.evaluate((words) => {
      const form = document.querySelector('.talk form');
      form.querySelector('input').value = words;
      form.requestSubmit();
    }, text);
  }

  heard() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.talk li')].map((one) => one.textContent),
    );
  }
}

export async function plainPage(t, stage) {
  const room = stage.freshRoom('plain-page');
  const contexts = [];
  const open = async (name, viewport = kWide) => {
    const context = await stage.browser.newContext({ viewport });
    contexts.push(context);
    return PlainPage.open(await context.newPage(), stage.server.url, room, name);
  };
  try {
    const [ada, bo] = [await open('Ada'), await open('Bo')];
    await t.test('two of them see and hear each other', () =>
      Promise.all([ada.receives('Bo'), bo.receives('Ada')]),
    );
    await t.test('the size of a tile decides which of three sizes arrives', () => sizes(ada, bo));
    await stage.withPeople(['Cleo'], { room }, async (cleo) => {
      await t.test('somebody with the ordinary page sees them, and is seen', async () => {
        await Promise.all([cleo.receives('Ada'), cleo.receives('Bo'), ada.receives('Cleo')]);
      });
      await t.test('what is said reaches all, whichever page they have', () => talk(ada, bo, cleo));
    });
    await t.test(`a screen is shared ${kShares} times in the same sections`, () => shares(ada, bo));
    await t.test('an offer that makes no sense leaves the call as it was', () => nonsense(ada, bo));
    await t.test('ICE begins anew and the pictures go on', () => restart(ada, bo));
    await t.test('who leaves is gone for the others', async () => {
      await ada.press('Leave');
      await bo.until('is alone', async () => (await bo.state()).peers.length === 0);
    });
  } finally {
    await Promise.all(contexts.map((context) => context.close().catch(() => {})));
  }
}

async function sizes(ada, bo) {
  const { sent } = await ada.stats();
  const rids = sent.filter(({ kind }) => kind === 'video').map(({ rid }) => rid);
  assert.equal(new Set(rids).size, 3, `three encodings are sent: ${rids}`);
  const width = async () => (await bo.from(ada.name, 'camera'))?.frameWidth;
  const large = await bo.until('gets a large picture', async () => {
    const found = await width();
    return found >= 640 && found;
  });
  await bo.page.setViewportSize(kNarrow);
  await bo.until('gets a smaller picture', async () => (await width()) < large);
  await bo.page.setViewportSize(kWide);
  await bo.until('gets the large picture again', async () => (await width()) === large);
}

async function talk(ada, bo, cleo) {
  await Promise.all(
    [ada, bo].map((one) => one.until('may speak', async () => (await one.state()).chatOpen)),
  );
  await cleo.until('may speak', async () => (await cleo.state()).chat.connected);
  await cleo.press(/^Chat.*\(C\)$/);
  await cleo.page.getByRole('textbox', { name: 'Message to everybody' }).fill('from Cleo');
  await cleo.page.keyboard.press('Enter');
  // Channels stand at their own time; what was said before is not said again.
  await ada.until('hears Cleo', async () => (await ada.heard()).includes('Cleofrom Cleo'));
  await bo.until('hears Cleo', async () => (await bo.heard()).includes('Cleofrom Cleo'));
  await ada.say('from <b>Ada</b>');
  await bo.until('hears Ada', async () => (await bo.heard()).includes('Adafrom <b>Ada</b>'));
  await cleo.until('hears Ada', async () =>
    (await cleo.state()).chat.entries.some(({ text }) => text === 'from <b>Ada</b>'),
  );
}

async function shares(ada, bo) {
  let sections = null;
  for (let round = 1; round <= kShares; ++round) {
    await ada.press('Share screen');
    await bo.until(`sees screen ${round}`, async () => {
      const screen = await bo.from(ada.name, 'screen');
      return screen && screen.framesDecoded > 0;
    });
    await ada.press('Stop sharing');
    // The browser drops its numbers of a section that rests; that the page was told is another matter.
    await bo.until(
      `sees screen ${round} go`,
      async () => !(await bo.sectionOf(ada.name, 'screen')),
    );
    const now = [await ada.sections(), await bo.sections()];
    sections ??= now;
    assert.deepEqual(now, sections, 'sections are used anew');
  }
  await Promise.all([ada.receives(bo.name), bo.receives(ada.name)]);
}

async function nonsense(ada, bo) {
  const told = await ada.page.evaluate(async () => {
    const { sdp } = window.sluicePlain.connection().localDescription;
    const texts = [
      'v=0',
      sdp.replaceAll(/a=ice-pwd:.*\r\n/g, ''),
      sdp.replace('a=mid:', 'a=mid:x'),
    ];
    const failures = [];
    for (const text of texts) {
      await window.sluicePlain.negotiate(text).catch((error) => failures.push(error.message));
    }
    return failures;
  });
  assert.equal(told.length, 3);
  for (const message of told) assert.match(message, /^negotiate: SDP/);
  await Promise.all([ada.receives(bo.name), bo.receives(ada.name)]);
}

async function restart(ada, bo) {
  const fragments = () =>
    ada.page.evaluate(() =>
      ['localDescription', 'remoteDescription'].map(
        (which) =>
          /a=ice-ufrag:(\S+)/.exec(window.sluicePlain.connection()[which]?.sdp ?? '')?.[1] ?? null,
      ),
    );
  const before = await fragments();
  await ada.page.evaluate(() => window.sluicePlain.connection().restartIce());
  await ada.until('has new credentials at both ends', async () => {
    const now = await fragments();
    return now.every((one, at) => one !== null && one !== before[at]);
  });
  await Promise.all([ada.receives(bo.name), bo.receives(ada.name)]);
}

// Firefox speaks to no address of loopback, so the server has to have another one.
export async function plainFirefox(t, stage) {
  if (whyNoFirefox) return t.skip(whyNoFirefox);
  const options = ['--listen', '0.0.0.0', '--announced-address', ownAddress()];
  const server = await stage.startServer({ options });
  const base = `http://localhost:${server.port}/`;
  const room = stage.freshRoom('plain-firefox');
  const firefox = await Firefox.open();
  const context = await stage.browser.newContext({ viewport: kWide });
  try {
    const fox = await PlainPage.open(await firefox.page(), base, room, 'Fox');
    const ada = await PlainPage.open(await context.newPage(), base, room, 'Ada');
    await t.test('Firefox and Chromium see and hear each other', () =>
      Promise.all([ada.receives('Fox'), fox.receives('Ada')]),
    );
    await t.test('the size of a tile decides which of three sizes of Firefox arrives', () =>
      sizes(fox, ada),
    );
    await t.test('what is said arrives', async () => {
      await fox.until('may speak', async () => (await fox.state()).chatOpen);
      await ada.until('hears Fox', async () => {
        await fox.say('here');
        return (await ada.heard()).includes('Foxhere');
      });
    });
    await t.test(`Firefox sees a screen come and go ${kShares} times`, () => shares(ada, fox));
    await t.test('an offer that makes no sense leaves the call as it was', () =>
      nonsense(fox, ada),
    );
    await t.test('ICE begins anew in Firefox and the pictures go on', () => restart(fox, ada));
  } finally {
    await context.close().catch(() => {});
    await firefox.close();
  }
}
