// Takes pictures of the live page, dark, light, on a phone and empty, with rooms of browsers behind it.
//
// usage: SLUICE_SCREENSHOT=FOLDER npm run live-screenshot

import { join } from 'node:path';

import { Stage } from './support/stage.js';

const kFolder = process.env.SLUICE_SCREENSHOT ?? '../../docs/images';
// Long enough for curves that show something.
const kWatchMs = Number(process.env.SLUICE_WATCH_MS ?? 100_000);
const kRooms = { 'harbor-42': ['Ada', 'Bo', 'Cleo'], standup: ['Dan', 'Eve'] };

async function look(stage, name, { width = 1440, height = 1190, colorScheme = 'dark' }) {
  const context = await stage.browser.newContext({ viewport: { width, height }, colorScheme });
  const page = await context.newPage();
  await page.goto(new URL('/live', stage.server.url).href);
  await page.locator('.pill.live').waitFor();
  // A second look brings the first curve.
  await page.waitForFunction(() => document.querySelector('.tile .number')?.textContent !== '–');
  await page.waitForTimeout(2500);
  const path = join(kFolder, `${name}.png`);
  await page.screenshot({ path });
  console.log(`saved ${path}`);
  await context.close();
}

const stage = new Stage();
try {
  await stage.open();
  await look(stage, 'live-empty', { width: 1000, height: 900 });
  const people = [];
  for (const [room, names] of Object.entries(kRooms)) {
    for (const name of names) {
      people.push(await stage.participant(name, { room, viewport: { width: 480, height: 320 } }));
    }
  }
  const end = Date.now() + kWatchMs;
  await Promise.all(people.map((person) => person.joined({ within: 60_000 })));
  // Somebody comes and goes, or the curves would be straight.
  await new Promise((resolve) => setTimeout(resolve, kWatchMs / 3));
  await people[1].close();
  await new Promise((resolve) => setTimeout(resolve, kWatchMs / 5));
  people[1] = await stage.participant('Bo', {
    room: 'harbor-42',
    viewport: { width: 480, height: 320 },
  });
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, end - Date.now())));
  await look(stage, 'live', { height: 1345 });
  await look(stage, 'live-light', { height: 1345, colorScheme: 'light' });
  await look(stage, 'live-phone', { width: 390, height: 844 });
} finally {
  await stage.close();
}
