// Pictures for made-up cameras: drawn people in drawn rooms, who breathe and nod.
//
// Chromium plays a .y4m file as its camera. The frames are painted on a canvas in a page, because
// that is where a good painter is at hand, and come back as I420.

import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const kPainter = fileURLToPath(new URL('painter.js', import.meta.url));
// The size of the painter's canvas.
const kWidth = 1280;
const kHeight = 720;
const kFramesPerSecond = 5;
const kFrames = 10;

export const kPeople = [
  {
    name: 'Ada',
    wall: ['#f3d9c1', '#c98f73'],
    skin: '#c98b63',
    hair: '#2b1b17',
    cut: 'long',
    shirt: '#2f6f73',
    scene: 'shelf',
    tilt: -1,
  },
  {
    name: 'Bo',
    wall: ['#cfe3ea', '#6f9fb4'],
    skin: '#f1c8a5',
    hair: '#b5652b',
    cut: 'short',
    beard: true,
    shirt: '#33415c',
    scene: 'window',
    tilt: 1,
  },
  {
    name: 'Cleo',
    wall: ['#e6dcf2', '#9b86bd'],
    skin: '#8a5a3c',
    hair: '#1d1412',
    cut: 'curls',
    glasses: true,
    quiet: true,
    shirt: '#e2a03f',
    scene: 'plant',
    tilt: 1,
  },
  {
    name: 'Dan',
    wall: ['#d8e6d0', '#7fa37a'],
    skin: '#eab98f',
    hair: '#8d8f98',
    cut: 'side',
    headphones: true,
    shirt: '#a84a4a',
    scene: 'picture',
    tilt: -1,
  },
];

// Writes the camera file of one person, painted in a page of `browser`.
export async function writePortrait(browser, person, path) {
  const page = await browser.newPage();
  await page.addScriptTag({ path: kPainter });
  const file = createWriteStream(path);
  file.write(`YUV4MPEG2 W${kWidth} H${kHeight} F${kFramesPerSecond}:1 Ip A1:1 C420jpeg\n`);
  for (let frame = 0; frame < kFrames; ++frame) {
    const phase = frame / kFrames;
    const encoded = await page.evaluate((what) => paint(what), { person, phase });
    file.write('FRAME\n');
    file.write(Buffer.from(encoded, 'base64'));
  }
  file.end();
  await Promise.all([once(file, 'close'), page.close()]);
}
