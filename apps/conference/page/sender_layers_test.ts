import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeClock, settle } from '../testing/fake_clock';
import type { Encoding } from './encodings';
import { SenderLayers } from './sender_layers';

class FakeSender {
  encodings: Encoding[] = [{ rid: 'r0' }, { rid: 'r1' }, { rid: 'r2' }];
  calls = 0;
  refuses = false;
  gate: Promise<void> = Promise.resolve();

  getParameters() {
    return { encodings: structuredClone(this.encodings) };
  }

  async setParameters({ encodings }: { encodings: Encoding[] }): Promise<void> {
    this.calls += 1;
    await this.gate;
    if (this.refuses) throw new Error('InvalidModificationError');
    this.encodings = encodings;
  }

  get active(): boolean[] {
    return this.encodings.map(({ active }) => active ?? true);
  }
}

const kPlan = [4, 2, 1].map((scaleResolutionDownBy) => ({ scaleResolutionDownBy }));
const kAll = { layers: { spatialLayer: 2 }, encodings: [true, true, true] };
const kLow = { layers: { spatialLayer: 0 }, encodings: [true, false, false] };
const kNone = { layers: null, encodings: [false, false, false] };

function start() {
  const clock = new FakeClock();
  const sender = new FakeSender();
  return { clock, sender, layers: new SenderLayers(sender, kPlan, clock) };
}

test('what nobody watches stops, and comes back without waiting', async () => {
  const { sender, layers } = start();
  layers.want(kLow);
  await settle();
  assert.deepEqual(sender.active, [true, false, false]);
  layers.want(kAll);
  await settle();
  assert.deepEqual(sender.active, [true, true, true]);
});

test('when nobody watches the smallest picture goes on for ten seconds', async () => {
  const { clock, sender, layers } = start();
  layers.want(kNone);
  await settle();
  assert.deepEqual(sender.active, [true, false, false]);
  await clock.advance(9999);
  assert.deepEqual(sender.active, [true, false, false]);
  await clock.advance(1);
  assert.deepEqual(sender.active, [false, false, false]);
});

test('somebody who comes in time keeps it going', async () => {
  const { clock, sender, layers } = start();
  layers.want(kNone);
  await clock.advance(5000);
  layers.want(kLow);
  await clock.advance(60_000);
  assert.deepEqual(sender.active, [true, false, false]);
});

test('the sender is asked one change at a time, and ends with the last', async () => {
  const { sender, layers } = start();
  let open = () => {};
  sender.gate = new Promise((resolve) => (open = resolve));
  layers.want(kLow);
  await settle();
  layers.want(kAll);
  layers.want(kLow);
  layers.want({ layers: { spatialLayer: 1 }, encodings: [true, true, false] });
  await settle();
  assert.equal(sender.calls, 1);
  open();
  await settle();
  assert.equal(sender.calls, 2);
  assert.deepEqual(sender.active, [true, true, false]);
});

test('a refusal leaves the picture as it was, and the next wish is tried', async () => {
  const { sender, layers } = start();
  const warn = console.warn;
  console.warn = () => {};
  sender.refuses = true;
  layers.want(kLow);
  await settle();
  console.warn = warn;
  assert.deepEqual(sender.active, [true, true, true]);
  sender.refuses = false;
  layers.want(kLow);
  await settle();
  assert.deepEqual(sender.active, [true, false, false]);
});

test('after the end nothing is touched', async () => {
  const { clock, sender, layers } = start();
  layers.want(kNone);
  await settle();
  layers.close();
  await clock.advance(60_000);
  assert.deepEqual(sender.active, [true, false, false]);
});
