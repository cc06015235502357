// Who is speaking? Three microphones, opened and shut by script, and the observer's opinion.

import assert from 'node:assert/strict';

import { Lab } from '../support/lab.js';
import { until } from '../support/until.js';

const kWithinMs = 500;
const kLoud = 0.5;
// Sixty decibels below: a room that is not quite silent.
const kHum = 0.0005;
const kPeople = [
  { name: 'Ada', pitch: 220 },
  { name: 'Bo', pitch: 330 },
  { name: 'Cleo', pitch: 440 },
];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Table {
  // Every change of mind, as { at, name }.
  changes = [];
  pages = new Map();

  static async open(lab) {
    const table = new Table();
    const observer = await lab.router.createActiveSpeakerObserver({ interval: 100 });
    const names = new Map();
    observer.on('dominantspeaker', ({ producer }) =>
      table.changes.push({ at: Date.now(), name: names.get(producer.id) }),
    );
    for (const { name, pitch } of kPeople) {
      const page = await lab.page(name);
      const producer = await page.publishTone({ pitch, hum: kHum });
      names.set(producer.id, name);
      table.pages.set(name, page);
      await observer.addProducer({ producerId: producer.id });
    }
    return table;
  }

  speak(name, gain = kLoud) {
    return this.pages.get(name).call('speak', gain);
  }

  hush(name) {
    return this.speak(name, 0);
  }

  get dominant() {
    return this.changes.at(-1)?.name;
  }

  // Milliseconds from `since` until `name` was dominant; 0 if that was so already.
  async dominantAfter(name, since) {
    await until(`${name} is the dominant speaker`, () => this.dominant === name, {
      within: 3_000,
      every: 20,
      seen: async () => this.changes,
    });
    return Math.max(0, this.changes.at(-1).at - since);
  }
}

// One after the other, without a pause in between.
async function takeTurns(t, table) {
  const took = [];
  let last = null;
  for (const name of ['Ada', 'Bo', 'Cleo', 'Ada', 'Cleo', 'Bo']) {
    if (last) await table.hush(last);
    const since = await table.speak(name);
    took.push(await table.dominantAfter(name, since));
    await pause(1500);
    assert.equal(table.dominant, name, 'and stays so');
    last = name;
  }
  await table.hush(last);
  t.diagnostic(`noticed after ${took.map(Math.round).join(', ')} ms`);
  assert.ok(Math.max(...took) < kWithinMs, `noticed after ${took} ms`);
}

// Words with gaps between them, for four seconds, and somebody who coughs in the middle.
async function wordsAndCough(table) {
  await table.dominantAfter('Ada', await table.speak('Ada'));
  const before = table.changes.length;
  for (let word = 0; word < 8; ++word) {
    await table.speak('Ada');
    if (word === 4) {
      await table.speak('Bo');
      await pause(80);
      await table.hush('Bo');
    }
    await pause(350);
    await table.hush('Ada');
    await pause(150);
  }
  assert.deepEqual(table.changes.slice(before), [], 'nobody else takes the floor');
}

// Two at once: whoever it is, it is not now one and now the other.
async function bothAtOnce(table) {
  await table.speak('Ada');
  await table.speak('Cleo');
  await pause(500);
  const before = table.changes.length;
  await pause(4000);
  const changes = table.changes.length - before;
  await Promise.all([table.hush('Ada'), table.hush('Cleo')]);
  assert.ok(changes <= 1, `${changes} changes of mind in four seconds`);
}

// Nobody speaks: the last one keeps the floor.
async function silence(table) {
  const before = table.changes.length;
  await pause(3000);
  assert.equal(table.changes.length, before);
}

export async function speakers(t, stage) {
  const extra = ['--autoplay-policy=no-user-gesture-required'];
  const browser = await stage.openBrowser({ extra });
  const lab = await Lab.open(browser);
  try {
    const table = await Table.open(lab);
    await t.test('each is noticed', (t) => takeTurns(t, table));
    await t.test('words, and a cough', () => wordsAndCough(table));
    await t.test('two at once', () => bothAtOnce(table));
    await t.test('silence', () => silence(table));
  } finally {
    await lab.close();
    await browser.close();
  }
}
