// A browser that UDP does not reach: does it come over TCP by itself, how soon, and who notices if it
// does not read?

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Participant, allReceive } from '../support/participant.js';
import { Server } from '../support/server.js';
import { Site, kPorts, kServer, whyNoSite } from '../support/site.js';

const kProbe = fileURLToPath(new URL('../support/rtc_probe.js', import.meta.url));
const kJoins = 9;
const kMostMs = 1000;
// A machine that is busy with something else takes longer for every join; TCP may not take much
// longer than UDP.
const kMostTimesUdp = 1.5;
const kStalledMs = 10_000;
// What a worker may grow by while one of its peers does not read: it keeps recent packets for
// everybody, and those grow with the first seconds of a call.
const kMostGrowthKib = 24 * 1024;

export async function tcp(t) {
  if (whyNoSite) return t.skip(whyNoSite);
  // At a usual rate of pictures, because a joiner waits for the next one.
  const people = { Host: { camera: { fps: 20 } }, Watcher: {}, Guest: { udp: false } };
  const site = await Site.open({ people });
  let server;
  try {
    const options = ['--listen', kServer.v4];
    server = await Server.start({ namespace: site.server, port: kPorts[0], workers: 1, options });
    const enter = (name, room) =>
      Participant.open(site.browser(name), server.url, { room, name, script: kProbe });
    await t.test('joins by itself, in less than a second', (t) => join(t, enter));
    await t.test('a stalled reader costs bounded memory and disturbs nobody', (t) =>
      stall(t, site, server, enter),
    );
    await t.test('with TCP turned off it does not come in', () => without(site));
  } finally {
    await server?.stop();
    await site.close();
  }
}

async function join(t, enter) {
  const host = await enter('Host', 'tcp-join');
  const guest = await enter('Guest', 'tcp-join');
  try {
    await allReceive([host, guest]);
    assert.deepEqual(await protocolsOf(guest), ['tcp', 'tcp']);
    assert.deepEqual(await protocolsOf(host), ['udp', 'udp']);
    const overTcp = await joinTimes(host, guest);
    await guest.close();
    // For comparison: the same, at the same time of day, of somebody whom UDP reaches.
    const watcher = await enter('Watcher', 'tcp-join');
    await watcher.receives('Host');
    const overUdp = await joinTimes(host, watcher);
    await watcher.close();
    const [p50, byUdp] = [overTcp, overUdp].map((times) => times[times.length >> 1]);
    t.diagnostic(
      `${kJoins} joins each: over TCP p50 ${p50} ms, worst ${overTcp.at(-1)} ms; over UDP ` +
        `p50 ${byUdp} ms, worst ${overUdp.at(-1)} ms`,
    );
    const most = Math.max(kMostMs, kMostTimesUdp * byUdp);
    assert.ok(p50 < most, `half of the joins take more than ${most} ms: ${overTcp}`);
  } finally {
    await host.close();
  }
}

// From the start of the page's script to the first picture of the host, sorted.
async function joinTimes(host, guest) {
  const times = [];
  for (let i = 0; i < kJoins; ++i) {
    await guest.arrive();
    const see = async () => (await guest.peerState('Host'))?.firstFrameAt;
    const seenAt = await guest.until('sees the host', see, { every: 100 });
    times.push(Math.round(seenAt - (await guest.state()).joinStartedAt));
    await host.until('has one guest', async () => (await host.state()).peers.length === 1);
  }
  return times.sort((a, b) => a - b);
}

// The whole machine of the guest stands still: its kernel acknowledges until its buffer is full.
async function stall(t, site, server, enter) {
  const names = ['Host', 'Watcher', 'Guest'];
  const [host, watcher, guest] = await Promise.all(names.map((name) => enter(name, 'tcp-stall')));
  try {
    await allReceive([host, watcher, guest]);
    // What the first seconds fill.
    await pause(5_000);
    const { pid } = server.workerOf('tcp-stall');
    const before = { memory: residentKib(pid), host: await watcher.from('Host') };
    const startedAt = Date.now();
    site.freeze('Guest', true);
    await pause(kStalledMs);
    const after = { memory: residentKib(pid), host: await watcher.from('Host') };
    const seconds = (Date.now() - startedAt) / 1000;
    site.freeze('Guest', false);
    const growth = after.memory - before.memory;
    const rate = (after.host.framesDecoded - before.host.framesDecoded) / seconds;
    const frozen = after.host.totalFreezesDuration - before.host.totalFreezesDuration;
    t.diagnostic(
      `stalled for ${Math.round(seconds)} s: worker ${growth} KiB larger; the other one saw ` +
        `${rate.toFixed(1)} pictures a second, frozen for ${frozen.toFixed(2)} s`,
    );
    assert.ok(growth < kMostGrowthKib, `the worker grew by ${growth} KiB`);
    // The camera makes twenty a second, if the machine has the time.
    assert.ok(rate > 8, `${rate} pictures a second`);
    // Whoever goes on is there again, without joining anew.
    await guest.receives('Host', { within: 30_000 });
  } finally {
    site.freeze('Guest', false);
    await Promise.all([host, watcher, guest].map((person) => person.close()));
  }
}

async function without(site) {
  const options = ['--listen', kServer.v4, '--max-tcp', '0'];
  const setup = { namespace: site.server, port: kPorts[1], workers: 1, options };
  const server = await Server.start(setup);
  const url = server.url;
  let guest;
  try {
    const params = { room: 'none', name: 'Guest', script: kProbe };
    guest = await Participant.open(site.browser('Guest'), url, params);
    await guest.joined();
    await pause(3_000);
    assert.deepEqual(await protocolsOf(guest), []);
  } finally {
    await guest?.close();
    await server.stop();
  }
}

// Of the selected candidate pair of each connection that has one, as the browser sees it.
async function protocolsOf(person) {
  const { paths } = await person.page.evaluate(() => rtcProbe.sample());
  return paths.map(({ protocol }) => protocol).sort();
}

function residentKib(pid) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
