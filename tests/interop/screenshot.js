// Takes the picture of a room for the README: real people do not hold still, drawn ones do.
//
// usage: SLUICE_SCREENSHOT=PATH npm run screenshot

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { kPeople, writePortrait } from './support/portraits.js';
import { Stage } from './support/stage.js';

const kRoom = 'harbor-42';
const kSize = { width: 1280, height: 800 };
const kPath = process.env.SLUICE_SCREENSHOT ?? '../../docs/images/room.png';

// Each browser has one camera, so that each person needs a browser of their own.
async function enter(stage, folder, person) {
  const file = join(folder, `${person.name}.y4m`);
  await writePortrait(stage.browser, person, file);
  const browser = await stage.openBrowser({ extra: [`--use-file-for-fake-video-capture=${file}`] });
  const params = { room: kRoom, audio: person.quiet ? 0 : 1, viewport: kSize };
  return stage.participant(person.name, params, { browser });
}

// Encoders begin blurred; after so many pictures the bit rate has grown and what is still is fine.
const kFramesToSharpness = 90;

async function sharp(one) {
  const isSharp = (peer) => peer.frameHeight === 720 && peer.framesDecoded > kFramesToSharpness;
  await one.until(
    'receives everybody in full size',
    async () => (await one.stats()).peers.every(isSharp),
    { within: 90_000 },
  );
}

const stage = new Stage();
const folder = await mkdtemp(join(tmpdir(), 'sluice-portraits-'));
try {
  await stage.open();
  const people = [];
  for (const person of kPeople) people.push(await enter(stage, folder, person));
  const [first] = people;
  await first.until('is not alone', async () =>
    (await first.state()).peers.length === kPeople.length - 1,
  );
  await sharp(first);
  await first.until('has no messages left', async () =>
    (await first.page.locator('.toast').count()) === 0,
  );
  await first.page.screenshot({ path: kPath });
  console.log(`saved ${kPath}`);
} finally {
  await stage.close();
  await rm(folder, { recursive: true });
}
