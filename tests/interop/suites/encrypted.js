// Payload that only the people can read, switched between layers all the same: the dependency
// descriptor says what a packet is, and nothing else may be needed.

import assert from 'node:assert/strict';

import { Lab } from '../support/lab.js';
import { judgeModes, kPicture, simulcast, svc } from './layers.js';

// AV1 alone: Chromium 156 agrees on the descriptor with VP8 and VP9 too, and then sends none, so that
// nobody without the key could tell their key frames. tests/sim and rtp/forward have those.
const kModes = [
  {
    ...{ name: 'AV1 L3T3, every OBU encrypted', mimeType: 'video/AV1' },
    ...{ encodings: svc('L3T3'), encrypted: true, rates: true },
  },
  {
    ...{ name: 'AV1 simulcast, every OBU encrypted', mimeType: 'video/AV1' },
    ...{ encodings: simulcast('L1T3'), encrypted: true, rates: true },
  },
];

// Without the key there is nothing to see; otherwise the tests above would prove nothing.
async function outsider(lab, { mimeType, encodings, encrypted }) {
  const [publisher, friend, stranger] = [
    await lab.page('Ada'),
    await lab.page('Bo'),
    await lab.page('Mallory'),
  ];
  const what = { mimeType, encodings, encrypted, picture: kPicture };
  const producer = await publisher.publishPicture(what);
  const seen = await friend.consume(producer, { encrypted });
  const guessed = await stranger.consume(producer);
  await seen.until('sees the picture', ({ framesDecoded }) => framesDecoded > 20);
  const { framesDecoded, packetsReceived } = await guessed.stats();
  assert.ok(packetsReceived > 20, 'the stranger has the packets');
  assert.equal(framesDecoded ?? 0, 0, 'but no picture');
  await Promise.all([publisher, friend, stranger].map((page) => page.close()));
}

export async function encrypted(t, stage) {
  const lab = await Lab.open(stage.browser);
  try {
    for (const mode of kModes) {
      await t.test(`${mode.name}: nothing to see without the key`, () => outsider(lab, mode));
    }
  } finally {
    await lab.close();
  }
  await judgeModes(t, stage, kModes);
}
