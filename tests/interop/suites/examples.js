// Programs of the documents, as people run them: the page of the front door publishes and watches.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { openBrowser } from '../support/browser.js';
import { until } from '../support/until.js';

const kFrontDoor = fileURLToPath(
  new URL('../../../control-api/node/examples/front_door.mjs', import.meta.url),
);

async function startFrontDoor() {
  const program = spawn(process.execPath, [kFrontDoor], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(program.stdout.setEncoding('utf8'), 'data');
  return { program, address: /http:\S+/.exec(line)[0] };
}

const pictureOf = (page) =>
  page.evaluate(() => {
    const video = document.querySelector('video');
    const { totalVideoFrames } = video.getVideoPlaybackQuality();
    return { width: video.videoWidth, frames: totalVideoFrames };
  });

async function frontDoor() {
  const { program, address } = await startFrontDoor();
  const browser = await openBrowser();
  try {
    const publisher = await browser.newPage();
    await publisher.goto(address);
    await until('the camera is on', async () => (await pictureOf(publisher)).width > 0);
    const viewer = await browser.newPage();
    // Whoever watches before somebody publishes sees nothing: the example has no second offer.
    await until('the viewer sees ten pictures', async () => {
      await viewer.goto(`${address}watch`);
      return viewer
        .waitForFunction(
          () => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames >= 10,
          null,
          { timeout: 5000 },
        )
        .then(
          () => true,
          () => false,
        );
    });
    const refused = await fetch(address, { method: 'POST', body: 'v=1' });
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /line 1|v=/);
    assert.ok((await pictureOf(viewer)).frames >= 10, 'the viewer goes on after a bad offer');
  } finally {
    await browser.close();
    program.kill('SIGTERM');
    await once(program, 'exit');
  }
}

export async function examples(t) {
  await t.test('the front door shows a camera to whoever watches', frontDoor);
}
