// Chat and files between browsers, over data channels through the worker.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kProbe = fileURLToPath(new URL('../support/rtc_probe.js', import.meta.url));
const kFileBytes = 5_000_000;
// Larger than what two machines that are busy send within a few seconds.
const kLargeBytes = 40_000_000;
// People who only talk; three encoders less for two cores.
const kQuiet = { audio: 0, video: 0, script: kProbe };

// Folders of what was offered; a browser reads a file for as long as somebody may want it.
const kept = [];

export async function chat(t, stage) {
  try {
    await converse(t, stage);
  } finally {
    for (const folder of kept.splice(0)) await rm(folder, { recursive: true });
  }
}

async function converse(t, stage) {
  await stage.withPeople(
    ['Ada', 'Bo', 'Cleo'],
    { room: stage.freshRoom('chat'), ...kQuiet },
    async (ada, bo, cleo) => {
      const people = [ada, bo, cleo];
      await Promise.all(people.map(connected));
      await t.test('what is said reaches everybody, as text', () => talk(ada, [bo, cleo]));
      await t.test('unread messages are counted until somebody looks', () => unread(ada, bo));
      await t.test('a file arrives byte for byte, for each who accepts', () =>
        file(ada, [bo, cleo]),
      );
      await t.test('files cross each other', () => crossing(ada, bo));
      await t.test('nobody gets what they did not accept', () => unasked(ada, bo));
      await t.test('a file can be stopped by either side', () => stopped(ada, bo));
      await t.test('a file that is too large is refused in a sentence', () => tooLarge(ada));
      await t.test('what a hostile page sends is counted and shown to nobody', () =>
        hostile(ada, bo),
      );
      await t.test('a sender who leaves midway is named', () => leaver(cleo, bo));
      await t.test('whoever comes later begins with an empty page', () => late(stage, ada));
    },
  );
}

async function chatOf(person) {
  return (await person.state())?.chat;
}

export function connected(person) {
  return person.until('may speak', async () => (await chatOf(person))?.connected);
}

async function open(person) {
  if (!(await chatOf(person)).open) await person.press(/^Chat.*\(C\)$/);
}

async function say(person, text) {
  await open(person);
  await person.page.getByRole('textbox', { name: 'Message to everybody' }).fill(text);
  await person.page.keyboard.press('Enter');
}

function hears(person, text) {
  return person.until(`hears "${text}"`, async () =>
    (await chatOf(person)).entries.find((entry) => entry.text === text && !entry.own),
  );
}

export async function talk(speaker, others) {
  const text = '<img src=x onerror=alert(1)> see https://example.org/a';
  await say(speaker, text);
  for (const other of others) {
    assert.equal((await hears(other, text)).name, speaker.name);
    await open(other);
    const line = other.page.locator('.chat-text').last();
    assert.equal(await line.textContent(), text);
    assert.equal(await line.locator('img').count(), 0);
    assert.equal(await line.locator('a').getAttribute('rel'), 'noopener noreferrer nofollow');
  }
}

async function unread(ada, bo) {
  await bo.press('Close chat');
  await say(ada, 'one');
  await say(ada, 'two');
  await hears(bo, 'two');
  assert.equal((await chatOf(bo)).unread, 2);
  await bo.press('Chat, 2 unread (C)');
  assert.equal((await chatOf(bo)).unread, 0);
}

// Answers what is in it.
async function offer(person, name, bytes) {
  await open(person);
  const content = randomBytes(bytes);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-chat-'));
  try {
    const path = join(folder, name);
    await writeFile(path, content);
    await person.page.locator('.composer input[type=file]').setInputFiles(path);
    // The page has read all of it for its sum, and reads it again part by part.
    kept.push(folder);
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  await person.until(`offers ${name}`, () => fileOf(person, name));
  return content;
}

async function fileOf(person, name) {
  return (await chatOf(person)).entries.find((entry) => entry.file?.name === name)?.file;
}

function fileIs(person, name, phase, within = 60_000) {
  return person.until(
    `has ${name} ${phase}`,
    async () => {
      const file = await fileOf(person, name);
      return file?.phase === phase && file;
    },
    { within },
  );
}

async function accept(person, name) {
  await open(person);
  await fileIs(person, name, 'offered');
  await person.press(`Accept ${name}`);
}

async function saved(person, name) {
  await fileIs(person, name, 'complete');
  const download = person.page.waitForEvent('download');
  await person.press(`Save ${name}`);
  const { suggestedFilename, path } = await download.then(async (one) => ({
    suggestedFilename: one.suggestedFilename(),
    path: await one.path(),
  }));
  assert.equal(suggestedFilename, name);
  return readFile(path);
}

export async function file(ada, others) {
  const content = await offer(ada, 'five.html', kFileBytes);
  for (const other of others) await accept(other, 'five.html');
  for (const other of others) {
    assert.equal(digest(await saved(other, 'five.html')), digest(content));
  }
  await ada.until('knows that both have it', async () =>
    (await fileOf(ada, 'five.html')).note.startsWith('2 received it.'),
  );
}

async function crossing(ada, bo) {
  const offers = [];
  for (const size of [1_000_003, 0, 1]) {
    for (const [from, to] of [
      [ada, bo],
      [bo, ada],
    ]) {
      const name = `${from.name}-${size}.bin`;
      offers.push({ to, name, content: await offer(from, name, size) });
    }
  }
  for (const { to, name } of offers) await accept(to, name);
  for (const { to, name, content } of offers) {
    assert.equal(digest(await saved(to, name)), digest(content));
  }
}

async function unasked(ada, bo) {
  const before = await receivedBytes(bo);
  await offer(ada, 'unasked.bin', kFileBytes);
  await fileIs(bo, 'unasked.bin', 'offered');
  await say(ada, 'did you see it?');
  await hears(bo, 'did you see it?');
  assert.ok((await receivedBytes(bo)) - before < 10_000, 'nothing of the file has come');
}

// Over all data channels of the page that are still there.
function receivedBytes(person) {
  return person.page.evaluate(() => rtcProbe.dataBytes());
}

async function stopped(ada, bo) {
  await offer(ada, 'large.bin', kLargeBytes);
  await accept(bo, 'large.bin');
  await fileIs(bo, 'large.bin', 'moving');
  await bo.press('Cancel large.bin');
  await fileIs(bo, 'large.bin', 'offered');
  await ada.until('is told', async () => (await fileOf(ada, 'large.bin')).note.includes('stopped'));
  await accept(bo, 'large.bin');
  await fileIs(bo, 'large.bin', 'moving');
  await ada.press('Withdraw large.bin');
  assert.equal((await fileIs(bo, 'large.bin', 'gone')).note, 'It was withdrawn.');
}

async function tooLarge(ada) {
  // Playwright carries no file of this size; the page looks at the size first.
  await ada.page.evaluate(() => {
    const file = new File([], 'film.mkv');
    Object.defineProperty(file, 'size', { value: 200_000_000 });
    const data = new DataTransfer();
    data.items.add(file);
    const event = new DragEvent('drop', { dataTransfer: data, bubbles: true });
    Object.defineProperty(event.dataTransfer, 'files', { value: [file] });
    document.dispatchEvent(event);
  });
  await ada.page.getByText('film.mkv has 200 MB; 100 MB is the most that can be sent.').waitFor();
}

// Straight into the channel that the page speaks on, past everything that it checks.
async function hostile(ada, bo) {
  const before = await chatOf(bo);
  const nonsense = ['{', '[]', '{"type":"say"}', 'x'.repeat(60_000), '{"type":"file","size":-1}'];
  await ada.page.evaluate((words) => {
    const [channel] = rtcProbe.channels('chat');
    for (const word of words) channel.send(word);
    channel.send(new Uint8Array(1000));
    for (let i = 0; i < 500; ++i) channel.send('{"type":"say","text":"flood"}');
  }, nonsense);
  const after = await bo.until('has counted the flood', async () => {
    const now = await chatOf(bo);
    return now.leftOut - before.leftOut > 400 && now;
  });
  assert.ok(after.malformed - before.malformed >= 5, `${after.malformed} malformed`);
  assert.ok(after.entries.length - before.entries.length <= 40, 'most of the flood is not shown');
  await new Promise((resolve) => setTimeout(resolve, 6000));
  await say(ada, 'calm again');
  await hears(bo, 'calm again');
}

async function leaver(cleo, bo) {
  await offer(cleo, 'half.bin', kLargeBytes);
  await accept(bo, 'half.bin');
  await fileIs(bo, 'half.bin', 'moving');
  await cleo.page.close();
  assert.equal((await fileIs(bo, 'half.bin', 'gone')).note, 'Cleo left before it was complete.');
}

async function late(stage, ada) {
  const { room } = await ada.state();
  const dan = await stage.participant('Dan', { room, ...kQuiet });
  try {
    await connected(dan);
    await dan.until('hears Ada', async () => (await dan.peerState('Ada'))?.name);
    assert.deepEqual((await chatOf(dan)).entries, []);
    await say(ada, 'welcome');
    await hears(dan, 'welcome');
  } finally {
    await dan.close();
  }
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
