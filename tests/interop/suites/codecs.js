// Three people, each codec in turn: everybody sees and hears both others.

import assert from 'node:assert/strict';

import { allReceive } from '../support/participant.js';
import { until } from '../support/until.js';

const kNames = ['Ada', 'Bo', 'Cleo'];

export async function codecs(t, stage) {
  for (const codec of ['VP8', 'H264', 'VP9', 'AV1']) {
    await t.test(`three people with ${codec}`, async () => {
      const params = { room: stage.freshRoom(codec), codec };
      await stage.withPeople(kNames, params, async (...people) => {
        await allReceive(people);
        for (const one of people) {
          for (const other of people) if (one !== other) await checkPicture(one, other, codec);
        }
      });
    });
  }
}

// The sizes in which a camera is sent: each by itself, or the smaller ones as parts of the largest.
function sizesOf({ encodings, frameWidth, frameHeight }) {
  if (encodings.length > 1) return encodings;
  return [1, 2, 4].map((part) => ({
    frameWidth: Math.round(frameWidth / part),
    frameHeight: Math.round(frameHeight / part),
  }));
}

// The picture is of the codec asked for and of a size that its sender makes at that moment: the one
// that suits the tile. An encoder that finds the machine busy may change its mind between two looks.
async function checkPicture(one, other, codec) {
  const size = await until(
    `${one.name} sees the picture of ${other.name} in its size`,
    async () => {
      const sent = (await other.stats()).sent.camera;
      const seen = await one.from(other.name);
      const same = sizesOf(sent).some(
        ({ frameWidth, frameHeight }) =>
          frameWidth === seen.frameWidth && frameHeight === seen.frameHeight,
      );
      return same && seen.frameWidth > 0 && seen;
    },
    { within: 5000, seen: async () => [(await other.stats()).sent, await one.from(other.name)] },
  );
  assert.equal(size.codec, `video/${codec}`);
  assert.equal((await other.stats()).sent.camera.codec, `video/${codec}`);
  // The made-up camera offers 1280x720; encoders scale it, but never bend it.
  assert.equal(Math.round((size.frameWidth / size.frameHeight) * 9), 16);
  assert.equal(size.packetsLost, 0, 'nothing is lost on loopback');
}
