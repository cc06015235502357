// Is the emulated bad network as bad as it was told to be, and no worse?

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { Link } from '../support/link.js';
import { Namespace, address, whyNoNamespaces } from '../support/namespace.js';

const kProgram = fileURLToPath(new URL('../support/datagrams.js', import.meta.url));
const kClient = '10.76.1.2';
const kServer = '10.76.1.1';
const kPort = '7000';

function start(namespace, ...args) {
  const [program, ...rest] = namespace.enter(process.execPath, kProgram, ...args);
  return spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] });
}

// Of `count` datagrams from client to server those that arrived, as { left, came, delay }.
async function measure({ client, server }, { count, every, size = 100, patience = 100 }) {
  const sink = start(server, 'sink', kServer, kPort);
  const lines = createInterface({ input: sink.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  const source = start(client, 'source', kServer, kPort, ...[count, every, size].map(String));
  await new Promise((resolve) => source.once('exit', resolve));
  // What is under way arrives, or never will.
  await new Promise((resolve) => setTimeout(resolve, patience));
  sink.stdin.end();
  const seen = JSON.parse((await lines.next()).value).filter((one) => one !== null);
  return seen.map(({ left, came }) => ({ left, came, delay: came - left }));
}

// What three quarters of the datagrams took at most: both ends have to wait for the processor at
// times, which is not the link's fault.
function usualDelay(arrived) {
  const delays = arrived.map(({ delay }) => delay).sort((a, b) => a - b);
  return { least: delays[0], most: delays[Math.floor(delays.length * 0.75)] };
}

async function clean(net) {
  const arrived = await measure(net, { count: 300, every: 2 });
  assert.equal(arrived.length, 300);
  const { most } = usualDelay(arrived);
  assert.ok(most < 5, `${most} ms`);
}

async function delay(net) {
  await net.link.set('delay=40ms jitter=20ms');
  const arrived = await measure(net, { count: 300, every: 2 });
  assert.equal(arrived.length, 300);
  const { least, most } = usualDelay(arrived);
  assert.ok(least >= 40, `the quickest took ${least} ms`);
  assert.ok(most > 45 && most < 70, `most took ${most} ms`);
}

async function loss(net) {
  await net.link.set('loss=10%', '');
  const { length } = await measure(net, { count: 2000, every: 0.3 });
  // Three standard deviations of 2,000 draws are 2 %.
  assert.ok(length > 1740 && length < 1860, `${length} of 2000 arrived at 10 % loss`);
}

async function rate(net) {
  await net.link.set('rate=800k queue=8000', '');
  const before = await net.link.counters();
  // 1000 bytes each millisecond are ten times as much as fits.
  const arrived = await measure(net, { count: 1000, every: 1, size: 972 });
  const { up } = await net.link.counters();
  assert.equal(up.queueFull - before.up.queueFull, 1000 - arrived.length);
  // 8000 bytes take 80 ms, and the datagram itself 10.
  const { most } = usualDelay(arrived);
  assert.ok(most > 60 && most < 110, `most took ${most} ms`);
  const spacing = (arrived.at(-1).came - arrived[0].came) / (arrived.length - 1);
  assert.ok(spacing > 8 && spacing < 15, `one every ${spacing} ms instead of every 10`);
}

async function blackout(net) {
  await net.link.set('loss=100%');
  assert.equal((await measure(net, { count: 20, every: 1 })).length, 0);
  await net.link.set('');
  assert.equal((await measure(net, { count: 20, every: 1 })).length, 20);
}

async function nonsense({ link }) {
  for (const words of ['loss=101%', 'loss=5', 'rate=-1k', 'delay=', 'colour=red', 'delay']) {
    await assert.rejects(link.set(words), /not understood/, words);
  }
}

export async function link(t) {
  await t.test('a bad network', { skip: whyNoNamespaces }, async (t) => {
    const client = await Namespace.open();
    const server = await Namespace.open();
    const link = await Link.open(client, server, 'bad');
    try {
      await address(client, server, 'bad', [kClient, kServer]);
      const net = { client, server, link };
      await t.test('carries everything at once when clean', () => clean(net));
      await t.test('delays', () => delay(net));
      await t.test('loses', () => loss(net));
      await t.test('is narrow', () => rate(net));
      await t.test('goes dark and comes back', () => blackout(net));
      await t.test('refuses what it does not understand', () => nonsense(net));
    } finally {
      await link.close();
      await Promise.all([client.close(), server.close()]);
    }
  });
}
