// What a key frame costs those who watch, without any network: pictures that the encoder leaves out.
//
// usage: npm run key-frames -- [--rounds N]
//
// One page sends three sizes, another watches the largest. In turn three seconds pass undisturbed and
// three begin with a key frame that is asked for. Prints the pictures of the largest size in each.

import { parseArgs } from 'node:util';

import { openBrowser } from './support/browser.js';
import { Lab } from './support/lab.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const kPicture = { width: 960, height: 540, fps: 10 };
const kEncodings = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: 'L1T3' },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 400_000, scalabilityMode: 'L1T3' },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_100_000, scalabilityMode: 'L1T3' },
];
const kSpanMs = 3000;
const kWarmMs = 9000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

async function picturesSent(publisher) {
  const { outbound } = await publisher.sample();
  return outbound.find(({ frameWidth }) => frameWidth === kPicture.width)?.framesEncoded ?? 0;
}

async function span(publisher, consumer, withKeyFrame) {
  const before = await picturesSent(publisher);
  if (withKeyFrame) await consumer.requestKeyFrame();
  await pause(kSpanMs);
  return (await picturesSent(publisher)) - before;
}

async function measure(lab, rounds) {
  const [publisher, viewer] = [await lab.page('Ada'), await lab.page('Bo')];
  const what = { mimeType: 'video/VP8', encodings: kEncodings, picture: kPicture };
  const producer = await publisher.publishPicture(what);
  const { consumer } = await viewer.consume(producer);
  await pause(kWarmMs);
  const seen = { undisturbed: [], withKeyFrame: [] };
  for (let round = 0; round < rounds; ++round) {
    seen.undisturbed.push(await span(publisher, consumer, false));
    seen.withKeyFrame.push(await span(publisher, consumer, true));
  }
  return seen;
}

async function main() {
  const rounds = Math.min(Math.max(Number(values.rounds) || 1, 1), 100);
  const browser = await openBrowser();
  const lab = await Lab.open(browser);
  try {
    const { undisturbed, withKeyFrame } = await measure(lab, rounds);
    const row = (name, numbers) => `${name}: ${mean(numbers).toFixed(1)} (${numbers.join(' ')})`;
    console.log(`pictures in ${kSpanMs / 1000} s at ${kPicture.fps} fps`);
    console.log(row('undisturbed', undisturbed));
    console.log(row('with a key frame', withKeyFrame));
  } finally {
    await lab.close();
    await browser.close();
  }
}

await main();
