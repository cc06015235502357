// Data channels between browsers, through the worker: what was promised of each kind, in every size.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { DataLab, channelOptions } from '../support/data_lab.js';
import { Firefox, whyNoFirefox } from '../support/firefox.js';

const kSizes = [0, 1, 1200, 16 * 1024, 64 * 1024, 256 * 1024];
const kModes = [true, false].flatMap((ordered) => [
  { name: `${ordered ? 'ordered' : 'unordered'}, reliable`, reliable: true, ordered },
  { name: `${ordered ? 'ordered' : 'unordered'}, no retransmission`, ordered, maxRetransmits: 0 },
  { name: `${ordered ? 'ordered' : 'unordered'}, 3 retransmissions`, ordered, maxRetransmits: 3 },
  { name: `${ordered ? 'ordered' : 'unordered'}, 5 s`, ordered, maxPacketLifeTime: 5000 },
]);
const kChannels = 200;
const kReuses = 20;
// Without retransmission a busy machine may lose what its socket has no room for.
const kMostLost = 0.5;
const kMostGrowthKib = 8 * 1024;
const kPour = { size: 64 * 1024, window: 1024 * 1024, ms: 4000 };

export async function data(t, stage) {
  const lab = await DataLab.open();
  const firefox = whyNoFirefox ? null : await Firefox.open();
  // In the order in which they are needed.
  const tabs = {
    Chromium: async () => (await stage.browser.newContext()).newPage(),
    Firefox: () => firefox.page(),
  };
  try {
    for (const [from, to] of [
      ['Chromium', 'Chromium'],
      ['Chromium', 'Firefox'],
      ['Firefox', 'Chromium'],
    ]) {
      const skip = [from, to].includes('Firefox') && whyNoFirefox;
      await t.test(`${from} to ${to}`, { skip }, async (t) => {
        const a = await lab.join(`${from} a`, await tabs[from]());
        const b = await lab.join(`${to} b`, await tabs[to]());
        await matrix(t, lab, a, b);
      });
    }
    await t.test('throughput', async (t) => {
      const [a, b] = [await tabs.Chromium(), await tabs.Chromium()];
      await throughput(t, lab, await lab.join('a', a), await lab.join('b', b));
    });
  } finally {
    await firefox?.close();
    await lab.close();
  }
}

async function matrix(t, lab, a, b) {
  for (const mode of kModes) await t.test(mode.name, () => everySize(a, b, mode));
  await t.test(`${kChannels} channels`, (t) => many(t, lab, a, b));
  await t.test('a stream is closed and used again', () => reuse(a, b));
  await t.test('channels that pages open by themselves', () => byProtocol(a, b));
}

async function everySize(a, b, { reliable = false, ordered, name, ...limits }) {
  const producer = await a.speak(name, { streamId: 10, ordered, ...limits });
  const consumer = await b.hear(name, producer);
  // Bytes first, then the same as text.
  await a.call('send', { key: name, sizes: kSizes });
  await a.call('send', { key: name, sizes: kSizes, text: true, from: 1 + kSizes.length });
  const total = 2 * kSizes.length;
  const due = reliable ? total : Math.ceil(total * (1 - kMostLost));
  await b.until(`${due} messages of "${name}"`, async () => {
    return (await b.call('heard', name)).count >= due;
  });
  const { messages } = await b.call('heard', name);
  assert.ok(
    messages.every(({ isWhole }) => isWhole),
    'what comes is whole',
  );
  if (reliable) {
    const came = messages.map(({ size, isText }) => `${size} ${isText}`).sort();
    const sent = kSizes.flatMap((size) => [`${size} false`, `${size} true`]).sort();
    assert.deepEqual(came, sent);
  }
  const indexes = messages.map(({ index }) => index).filter((index) => index > 0);
  if (ordered)
    assert.deepEqual(
      indexes,
      [...indexes].sort((x, y) => x - y),
      'in order',
    );
  else assert.equal(new Set(indexes).size, indexes.length, 'none comes twice');
  await end(a, b, name, producer, consumer);
}

// Both pages close their channels, and the worker its ends.
async function end(a, b, key, producer, consumer) {
  producer.close();
  await Promise.all([a.call('close', key), b.call('close', key)]);
  assert.ok(consumer.closed);
}

async function many(t, lab, a, b) {
  const before = residentKib(lab.worker.pid);
  const keys = Array.from({ length: kChannels }, (_, at) => `c${at}`);
  for (const round of [1, 2]) {
    const producers = await Promise.all(
      keys.map((label, streamId) =>
        a.transport.produceData({ label, sctpStreamParameters: { streamId, ordered: true } }),
      ),
    );
    const consumers = await Promise.all(
      producers.map(({ id }) => b.transport.consumeData({ dataProducerId: id, paused: true })),
    );
    const optionsOf = (ends) =>
      ends.map(({ sctpStreamParameters }, at) => ({
        key: keys[at],
        ...channelOptions(sctpStreamParameters),
      }));
    await a.call('openAll', optionsOf(producers));
    await b.call('openAll', optionsOf(consumers));
    await Promise.all(consumers.map((consumer) => consumer.resume()));
    await a.call(
      'sendAll',
      keys.map((key, at) => ({ key, sizes: [4 + at, 1200, 0], from: at + 1 })),
    );
    await b.until(`has heard all ${kChannels} in round ${round}`, async () =>
      (await b.call('countAll', keys)).every((count) => count === 3),
    );
    const [first] = (await b.call('heard', 'c99')).messages;
    assert.deepEqual([first.index, first.size, first.isWhole], [100, 103, true]);
    for (const producer of producers) producer.close();
    await Promise.all([a.call('closeAll', keys), b.call('closeAll', keys)]);
  }
  const growth = residentKib(lab.worker.pid) - before;
  t.diagnostic(`${kChannels} channels twice: the worker is ${growth} KiB larger than before`);
  assert.ok(growth < kMostGrowthKib, `the worker grew by ${growth} KiB`);
}

async function reuse(a, b) {
  for (let round = 0; round < kReuses; ++round) {
    const key = `again ${round}`;
    const producer = await a.speak(key, { streamId: 7, ordered: true });
    const consumer = await b.hear(key, producer);
    await a.call('send', { key, sizes: [100], from: 1 + round });
    await b.until(`hears round ${round}`, async () => (await b.call('heard', key)).count === 1);
    assert.equal((await b.call('heard', key)).messages[0].index, 1 + round);
    await end(a, b, key, producer, consumer);
  }
}

// RFC 8832: the page opens, we hear of it; at the other page we open.
async function byProtocol(a, b) {
  const told = new Promise((resolve) => a.transport.once('datachannelopen', resolve));
  await a.call('open', { key: 'by page', ordered: false, maxRetransmits: 2, protocol: 'v1' });
  // Before anybody listens: the first words are kept.
  await a.call('send', { key: 'by page', sizes: [300] });
  const { sctpStreamParameters, label, protocol } = await told;
  assert.deepEqual([label, protocol], ['by page', 'v1']);
  assert.deepEqual([sctpStreamParameters.ordered, sctpStreamParameters.maxRetransmits], [false, 2]);
  const producer = await a.transport.produceData({ sctpStreamParameters, label, protocol });
  const consumer = await b.transport.consumeData({
    dataProducerId: producer.id,
    negotiated: false,
  });
  await b.until(
    'is told of the channel',
    async () => (await b.call('stateOf', 'by page')) === 'open',
  );
  assert.equal(await b.call('idOf', 'by page'), consumer.sctpStreamParameters.streamId);
  await a.call('send', { key: 'by page', sizes: kSizes, from: 2 });
  await b.until('hears it', async () => (await b.call('heard', 'by page')).count >= kSizes.length);
  producer.close();
  await b.until('sees it closed', async () => (await b.call('stateOf', 'by page')) === 'closed');
  await a.call('close', 'by page');
}

async function throughput(t, lab, a, b) {
  const there = await a.speak('there', { streamId: 0, ordered: true });
  await b.hear('there', there);
  const back = await b.speak('back', { streamId: 2, ordered: true });
  await a.hear('back', back);
  await b.call('echo', { key: 'there', to: 'back' });
  // What the first seconds fill.
  await a.call('pour', { key: 'there', back: 'back', ...kPour, ms: 1000 });
  const before = { ...(await load(lab)), bytes: (await b.call('heard', 'there')).bytes };
  await a.call('pour', { key: 'there', back: 'back', ...kPour });
  const after = { ...(await load(lab)), bytes: (await b.call('heard', 'there')).bytes };
  const megabytes = (after.bytes - before.bytes) / 1e6;
  const cpu = after.cpuMs - before.cpuMs;
  const growth = after.memory - before.memory;
  t.diagnostic(
    `${(megabytes / (kPour.ms / 1000)).toFixed(1)} MB/s from Chromium to Chromium, ` +
      `${(cpu / megabytes).toFixed(2)} ms of the worker per MB, ${growth} KiB larger`,
  );
  assert.ok(megabytes > 1, `${megabytes} MB`);
  assert.ok(growth < kMostGrowthKib, `the worker grew by ${growth} KiB`);
}

async function load(lab) {
  const { ru_utime, ru_stime } = await lab.worker.getResourceUsage();
  return { cpuMs: ru_utime + ru_stime, memory: residentKib(lab.worker.pid) };
}

function residentKib(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}
