import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kSources } from '../protocol/messages';
import type { Source } from '../protocol/messages';
import { whenFlowing } from './flowing';
import { Permissions } from './permissions';
import type { Timing } from './timing';

function stage() {
  const refused = new Map<Source, string>();
  const off: Source[] = [];
  const said: string[] = [];
  const own = {
    refuse: (source: Source, why: string) => void refused.set(source, why),
    allow: (source: Source) => void refused.delete(source),
    turnOff: (source: Source) => void off.push(source),
  };
  const permissions = new Permissions(own, (text) => said.push(text));
  return { permissions, refused, off, said };
}

const kAll = { publish: [...kSources], subscribe: true, publishData: true, admin: false };

test('what the invitation does not grant cannot be turned on, and says why', () => {
  const { permissions, refused, said } = stage();
  permissions.joined({ ...kAll, publish: ['microphone'] });
  assert.deepEqual([...refused.keys()], ['camera', 'screen', 'screen-audio']);
  assert.match(refused.get('camera') ?? '', /invitation does not let you send your camera/);
  assert.deepEqual(said, []);
  permissions.joined({ ...kAll, publish: [] });
  assert.deepEqual(said, ['You are here to watch and listen.']);
  permissions.joined(kAll);
  assert.equal(refused.size, 0);
});

test('a moderator mutes once, or until they say so', () => {
  const { permissions, refused, off, said } = stage();
  permissions.muted({ source: 'microphone', muted: true, held: false });
  assert.deepEqual([off, refused.size], [['microphone'], 0]);
  permissions.muted({ source: 'camera', muted: true, held: true });
  assert.ok(refused.has('camera'));
  permissions.joined(kAll);
  assert.ok(refused.has('camera'), 'a rejoin does not release it');
  permissions.muted({ source: 'camera', muted: false, held: false });
  assert.equal(refused.size, 0);
  assert.equal(said.at(-1), 'You may turn your camera on again.');
});

// Winds on until nothing waits any more.
class HandTiming implements Timing {
  private time = 0;
  private tasks: { at: number; task: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { at: this.time + delayMs, task };
    this.tasks.push(entry);
    return () => (this.tasks = this.tasks.filter((one) => one !== entry));
  }

  async advance(byMs: number): Promise<void> {
    const end = this.time + byMs;
    for (;;) {
      const next = this.tasks.sort((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.tasks.shift();
      this.time = next.at;
      next.task();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.time = end;
  }
}

function receiver(counts: object) {
  const report = new Map<string, object>([['a', { type: 'inbound-rtp', ...counts }]]);
  return { getStats: async () => report } as unknown as RTCRtpReceiver;
}

test('a new stream takes over with its first picture, or its first sound', async () => {
  for (const [kind, name] of [
    ['video', 'framesDecoded'],
    ['audio', 'packetsReceived'],
  ] as const) {
    const counts = { framesDecoded: 0, packetsReceived: kind === 'video' ? 9 : 0 };
    const timing = new HandTiming();
    let flows = 0;
    const report = receiver(counts);
    Object.assign(report, {
      getStats: async () => new Map([['a', { type: 'inbound-rtp', ...counts }]]),
    });
    whenFlowing({ kind, rtpReceiver: report }, timing, () => (flows += 1));
    await timing.advance(500);
    assert.equal(flows, 0, kind);
    counts[name] = 1;
    await timing.advance(100);
    assert.equal(flows, 1, kind);
    await timing.advance(10_000);
    assert.equal(flows, 1, 'only once');
  }
});

test('a new stream of which nothing comes takes over in the end, unless it was stopped', async () => {
  const timing = new HandTiming();
  let flows = 0;
  const consumer = { kind: 'video' as const, rtpReceiver: receiver({ framesDecoded: 0 }) };
  whenFlowing(consumer, timing, () => (flows += 1));
  const stop = whenFlowing(consumer, timing, () => assert.fail('was stopped'));
  await timing.advance(1000);
  stop();
  await timing.advance(3000);
  assert.equal(flows, 1);
});
