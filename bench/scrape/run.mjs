// What does being watched cost? A worker with a thousand consumers, media flowing, and Prometheus
// asking once a second: how long does a scrape take, and does the worker's loop notice?
//
// usage: node bench/scrape/run.mjs [--rooms 5] [--people 15] [--talking 3] [--seconds 10] [--rounds 3]
//                                  [--content-only]
//   --content-only   judge what scrapes say and what media arrives, not how long anything took: for
//                    machines that do something else besides
//
// People are on plain transports over loopback, everybody consumes everybody else of their room, and
// some of them talk, a packet every 20 ms. In turns, with and without scrapes of the conference server's
// own /metrics, over HTTP. Exit status 1 if a scrape is wrong, a packet is missing or changed, if 99 of
// 100 scrapes take 20 ms or more, or if turns of the loop take longer by half with scrapes than without.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { loadavg } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker as Thread } from 'node:worker_threads';

import { createWorker } from '../../control-api/node/dist/esm/index.js';

const kConference = new URL('../../apps/conference/', import.meta.url);
const kCodec = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 };
const kListen = { protocol: 'udp', ip: '127.0.0.1' };
const kFirstSsrc = 1000;
const kWarmUpMs = 1500;
const kWarmUpScrapes = 20;
const kScrapeEveryMs = 1000;
const kMostScrapeMs = 20;
const kMostSlower = 1.5;
// Bounds of what one machine can be asked for.
const kMost = { rooms: 20, people: 60, seconds: 600, rounds: 20 };

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The parts of the conference server that are measured, as they are.
async function loadParts() {
  const { build } = createRequire(kConference)('esbuild');
  const outfile = fileURLToPath(new URL('dist/bench/scrape_parts.mjs', kConference));
  const names = [
    'clock',
    'http',
    'log',
    'metrics_route',
    'server_facts',
    'telemetry',
    'worker_pool',
  ];
  const contents = names.map((name) => `export * from './${name}';`).join('\n');
  const resolveDir = fileURLToPath(new URL('server', kConference));
  await build({
    ...{ stdin: { contents, resolveDir, loader: 'ts' }, outfile, bundle: true, format: 'esm' },
    ...{ platform: 'node', target: 'node18', packages: 'external', logLevel: 'warning' },
  });
  return import(pathToFileURL(outfile).href);
}

// The sockets of all people, in a thread of their own (bench/spread/media.mjs).
class Media {
  #thread = new Thread(fileURLToPath(new URL('../spread/media.mjs', import.meta.url)));
  #waiting = new Map();
  #lastId = 0;

  constructor() {
    this.#thread.on('message', ({ id, answer }) => {
      this.#waiting.get(id)(answer);
      this.#waiting.delete(id);
    });
  }

  ask(command, data) {
    const id = (this.#lastId += 1);
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#thread.postMessage({ id, command, data });
    });
  }

  close() {
    this.#thread.postMessage({ command: 'close' });
  }
}

// A room: people who consume one another, of whom the first `talking` talk. `first` is the number of
// the first socket.
async function openRoom(worker, media, { name, first, people, talking, ports }) {
  const router = await worker.createRouter({ mediaCodecs: [kCodec] });
  const peers = new Map();
  for (let i = 0; i < people; ++i) {
    const transport = await router.createPlainTransport({ listenInfo: kListen });
    await transport.connect({ ip: '127.0.0.1', port: ports[first + i] });
    peers.set(first + i, { transport });
  }
  for (const [person, peer] of peers) {
    const ssrc = kFirstSsrc + person;
    const codecs = [{ ...kCodec, payloadType: 100, kind: undefined }];
    const rtpParameters = { codecs, encodings: [{ ssrc }], rtcp: { cname: `person${person}` } };
    peer.producer = await peer.transport.produce({ kind: 'audio', rtpParameters });
    const { localPort: port } = peer.transport.tuple;
    if (person - first < talking) await media.ask('speak', { person, ssrc, port });
  }
  const rtpCapabilities = { codecs: router.rtpCapabilities.codecs, headerExtensions: [] };
  for (const [person, { transport }] of peers) {
    for (const [from, { producer }] of peers) {
      if (from === person) continue;
      const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
      const { ssrc } = consumer.rtpParameters.encodings[0];
      if (from - first < talking) await media.ask('expect', { person, ssrc, from });
    }
  }
  return { name, peers, routers: [router] };
}

// The conference server as far as metrics are concerned: its pool with a real worker, its rooms.
async function open({ rooms: count, people, talking }) {
  const parts = await loadParts();
  // Nothing asks the worker but scrapes.
  const clock = { ...parts.systemClock, every: () => () => {} };
  const log = new parts.Log('warn');
  const pool = new parts.WorkerPool({
    count: 1,
    createWorker: () => createWorker({ logLevel: 'warn' }),
    listenInfosOf: () => [{ ...kListen, port: 0 }],
    onDied: () => {},
    clock,
    log,
  });
  await pool.start();
  const { worker } = await pool.pick();
  const media = new Media();
  const ports = await media.ask('open', { people: count * people });
  const rooms = [];
  for (let i = 0; i < count; ++i) {
    const room = { name: `room-${i}`, first: i * people, people, talking, ports };
    rooms.push(await openRoom(worker, media, room));
  }
  const conference = { allRooms: rooms, peerCount: count * people, joins: 0, refusals: new Map() };
  const telemetry = new parts.Telemetry({ pool, conference, clock });
  const meter = new parts.ServerMeter({ version: 'bench', peopleLimit: 0, roomsLimit: 0 });
  const secrets = { metricsToken: null, adminSecrets: [] };
  const route = parts.metricsRoute({ secrets, telemetry, facts: () => meter.read() });
  const server = createServer(parts.createHandler(new Map(), [route], log));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    meter.close();
    pool.close();
    media.close();
  };
  return { worker, media, url: `http://127.0.0.1:${server.address().port}/metrics`, close };
}

function valueOf(text, series) {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? NaN : Number(line.slice(series.length + 1));
}

function* faultsOfScrape(text, { rooms, people }) {
  const consumers = rooms * people * (people - 1);
  if (valueOf(text, 'sluice_worker_up{worker="0"}') !== 1) yield 'the worker is not up';
  for (const series of ['sluice_consumers', 'sluice_worker_consumers{worker="0"}']) {
    const told = valueOf(text, series);
    if (told !== consumers) yield `${series} is ${told}, there are ${consumers}`;
  }
  const told = text.match(/^sluice_room_consumers\{/gm)?.length ?? 0;
  if (told !== rooms) yield `${told} rooms are told of, there are ${rooms}`;
}

async function scrape({ url }) {
  const response = await fetch(url);
  return response.text();
}

// One part of a round; with scrapes each second, or without.
async function watch(bench, chosen, scrapes) {
  const before = await bench.worker.getStats();
  const scraped = { ms: [], longestTurnUs: 0, bytes: 0, faults: [] };
  const end = performance.now() + chosen.seconds * 1000;
  while (performance.now() < end) {
    const began = performance.now();
    if (scrapes) {
      const text = await scrape(bench);
      scraped.ms.push(performance.now() - began);
      scraped.bytes = text.length;
      scraped.faults.push(...faultsOfScrape(text, chosen));
      const longest = valueOf(text, 'sluice_worker_loop_turn_max_seconds{worker="0"}') * 1e6;
      scraped.longestTurnUs = Math.max(scraped.longestTurnUs, longest);
    }
    await pause(Math.max(1, Math.min(kScrapeEveryMs, end - began)));
  }
  const after = await bench.worker.getStats();
  return { before, after, ...scraped };
}

// The smallest of `values` that `share` of them do not exceed.
function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

// The same of a histogram; what it says is the bound of the cell.
function percentileUs({ boundsUs, counts }, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (seen >= share * total) return boundsUs[i] ?? Infinity;
  }
  return NaN;
}

// What several parts counted together.
function merge(parts, read) {
  const differences = parts.map(({ before, after }) => {
    const [then, now] = [read(before), read(after)];
    const counts = now.counts.map((count, i) => count - then.counts[i]);
    return { counts, sumUs: now.sumUs - then.sumUs };
  });
  const counts = read(parts[0].after).counts.map((_, i) =>
    differences.reduce((sum, one) => sum + one.counts[i], 0),
  );
  const sumUs = differences.reduce((sum, one) => sum + one.sumUs, 0);
  const meanUs = sumUs / counts.reduce((sum, count) => sum + count, 0);
  return { boundsUs: read(parts[0].after).boundsUs, counts, meanUs };
}

const us = (value) => `${Math.round(value)} us`;
const ms = (value) => `${value.toFixed(1)} ms`;

function describe(name, parts) {
  const turns = merge(parts, ({ turnTime }) => turnTime);
  const delays = merge(parts, ({ forwardingDelay }) => forwardingDelay);
  const longest = Math.max(
    ...parts.map(({ after, longestTurnUs }) => Math.max(after.turnTime.maxUs, longestTurnUs)),
  );
  const packets = delays.counts.reduce((sum, count) => sum + count, 0);
  console.log(
    `${name}: turns of the loop: mean ${us(turns.meanUs)}, 99 % within ${us(percentileUs(turns, 0.99))}, ` +
      `99.9 % within ${us(percentileUs(turns, 0.999))}, longest ${us(longest)}; ` +
      `forwarding delay of ${packets} packets: mean ${us(delays.meanUs)}, ` +
      `99 % within ${us(percentileUs(delays, 0.99))}`,
  );
  return turns;
}

async function measure(bench, chosen) {
  // The first scrapes load and compile what later ones use.
  for (let i = 0; i < kWarmUpScrapes; ++i) await scrape(bench);
  await pause(kWarmUpMs);
  await bench.media.ask('mark');
  const [without, within] = [[], []];
  for (let round = 0; round < chosen.rounds; ++round) {
    without.push(await watch(bench, chosen, false));
    within.push(await watch(bench, chosen, true));
  }
  return { without, within, seen: await bench.media.ask('stop') };
}

function judge({ without, within, seen }, chosen) {
  const faults = within.flatMap((part) => part.faults);
  const { missing, foreign, compared, streams } = seen;
  if (missing + foreign > 0) faults.push(`${missing} packets missing, ${foreign} changed`);
  if (compared === 0) faults.push('nothing was sent');
  const times = within.flatMap((part) => part.ms);
  if (times.length === 0) faults.push('nothing was scraped');
  const consumers = chosen.rooms * chosen.people * (chosen.people - 1);
  console.log(
    `${consumers} consumers, ${streams} of them fed; ${compared} packets compared, ${missing} missing, ` +
      `${foreign} changed; machine load ${loadavg()[0].toFixed(1)}`,
  );
  console.log(
    `${times.length} scrapes of ${within[0].bytes} bytes: median ${ms(percentile(times, 0.5))}, ` +
      `99 % within ${ms(percentile(times, 0.99))}, longest ${ms(Math.max(...times))}`,
  );
  const quiet = describe('without scrapes', without);
  const watched = describe('with scrapes', within);
  if (chosen.contentOnly) return faults;
  if (percentile(times, 0.99) >= kMostScrapeMs) faults.push('scrapes are too slow');
  if (watched.meanUs > quiet.meanUs * kMostSlower) faults.push('turns are slower with scrapes');
  return faults;
}

function number(option, text, low, high) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`${option} must be a whole number from ${low} to ${high}, not "${text}"`);
}

function options() {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '5' },
      people: { type: 'string', default: '15' },
      talking: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      'content-only': { type: 'boolean', default: false },
    },
  });
  const people = number('--people', values.people, 2, kMost.people);
  return {
    people,
    rooms: number('--rooms', values.rooms, 1, kMost.rooms),
    talking: number('--talking', values.talking, 1, people),
    seconds: number('--seconds', values.seconds, 1, kMost.seconds),
    rounds: number('--rounds', values.rounds, 1, kMost.rounds),
    contentOnly: values['content-only'],
  };
}

async function main() {
  let chosen;
  try {
    chosen = options();
  } catch (error) {
    console.error(`scrape: ${error.message}`);
    return 2;
  }
  const bench = await open(chosen);
  try {
    const faults = new Set(judge(await measure(bench, chosen), chosen));
    for (const fault of faults) console.error(`scrape: ${fault}`);
    return faults.size === 0 ? 0 : 1;
  } finally {
    bench.close();
  }
}

process.exitCode = await main();
