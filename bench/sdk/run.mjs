// How fast is a worker asked through the SDK: requests a second, how long one takes while nothing
// happens and while the worker has more media than its core can carry, and does anything grow when
// thousands of consumers come and go?
//
// usage: node bench/sdk/run.mjs [--rounds 5] [--seconds 2] [--in-flight 256] [--consumers 10000]
//          [--receivers 200] [--content-only]
//   --rounds        of each measurement; told are median, least and most
//   --in-flight     requests under way at one time, where they are counted
//   --consumers     created and closed in each round
//   --receivers     of the stream that fills the worker's core
//   --content-only  judge what is answered and what grows, and not how fast: for machines that do
//                   something else besides
//
// Exit status 1 if an answer is wrong, if memory grows, or if a goal is missed: 10,000 requests a
// second; 99 of 100 answers within 5 ms while nothing else happens, and within 100 ms under load. 3 if
// the worker could not be kept busy.

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { createWorker } from '../../control-api/node/dist/esm/index.js';
import { Flood } from './flood.mjs';

const kCodec = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 };
const kListen = { protocol: 'udp', ip: '127.0.0.1' };
const kCapabilities = {
  codecs: [{ ...kCodec, preferredPayloadType: 100 }],
  headerExtensions: [],
};
const kSsrc = 1000;
const kGoals = { perSecond: 10_000, idleMs: 5, loadedMs: 100 };
// The worker bounds consumers of one transport.
const kConsumersPerTransport = 1000;
// Of the memory after the second round, by which time heaps have found their size.
const kMostGrowth = 0.05;
const kGrowthFloorKib = 4096;
const kBusy = 0.8;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sorted = (values) => [...values].sort((a, b) => a - b);
const quantile = (values, share) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];

function spread(values, digits = 0) {
  const [least, middle, most] = [0, 0.5, 1].map((share) => quantile(values, share).toFixed(digits));
  return `${middle} (${least} to ${most})`;
}

const rtpParameters = {
  codecs: [{ mimeType: kCodec.mimeType, payloadType: 100, clockRate: 48000, channels: 2 }],
  encodings: [{ ssrc: kSsrc }],
  rtcp: { cname: 'bench' },
};

class Bench {
  faults = [];

  static async open() {
    const bench = new Bench();
    // What is sent must not depend on what a receiver that answers nothing is taken to bear.
    bench.worker = await createWorker({ logLevel: 'warn', bandwidth: 'observe' });
    bench.router = await bench.worker.createRouter({ mediaCodecs: [kCodec] });
    bench.source = await bench.#plain({ comedia: true });
    bench.producer = await bench.source.produce({ kind: 'audio', rtpParameters });
    return bench;
  }

  #plain(options) {
    return this.router.createPlainTransport({ listenInfo: kListen, ...options });
  }

  consume(transport) {
    const producerId = this.producer.id;
    return transport.consume({ producerId, rtpCapabilities: kCapabilities });
  }

  check(condition, complaint) {
    if (!condition && !this.faults.includes(complaint)) this.faults.push(complaint);
  }

  // Who has the goal to judge says so.
  judge(values, goal, complaint, atLeast) {
    const middle = quantile(values, 0.5);
    this.check(atLeast ? middle >= goal : middle <= goal, `${complaint}: ${middle.toFixed(1)}`);
  }

  async receivers(count, port) {
    const transports = await Promise.all(Array.from({ length: count }, () => this.#plain({})));
    await Promise.all(transports.map((each) => each.connect({ ip: '127.0.0.1', port })));
    await Promise.all(transports.map((each) => this.consume(each)));
    return transports;
  }

  // `ask(n)` is called so that `inFlight` are always under way.
  async perSecond(ask, { inFlight, seconds }) {
    const end = performance.now() + seconds * 1000;
    let asked = 0;
    const start = performance.now();
    const lane = async () => {
      while (performance.now() < end) await ask((asked += 1));
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return asked / ((performance.now() - start) / 1000);
  }

  // One after the other, as an application that waits for each answer.
  async latencies(ask, seconds) {
    const taken = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const start = performance.now();
      await ask(taken.length);
      taken.push(performance.now() - start);
      await pause(1);
    }
    return taken;
  }

  async churn(count) {
    const transports = await Promise.all(
      Array.from({ length: Math.ceil(count / kConsumersPerTransport) }, () => this.#plain({})),
    );
    const start = performance.now();
    const consumers = [];
    // No more than may be under way at one time.
    for (let at = 0; at < count; at += 2000) {
      const some = Array.from({ length: Math.min(2000, count - at) }, (_, i) =>
        this.consume(transports[Math.floor((at + i) / kConsumersPerTransport)]),
      );
      consumers.push(...(await Promise.all(some)));
    }
    const created = performance.now();
    this.check((await this.worker.getStats()).consumers >= count, 'not all consumers are there');
    const closing = performance.now();
    for (const consumer of consumers) consumer.close();
    for (const transport of transports) transport.close();
    // An answer that comes behind those of all that was closed.
    let { consumers: left } = await this.worker.getStats();
    for (let i = 0; left > 0 && i < 100; i += 1) {
      await pause(20);
      ({ consumers: left } = await this.worker.getStats());
    }
    this.check(left === 0, 'consumers are left over');
    const closed = performance.now();
    return { create: count / (created - start), close: count / (closed - closing) };
  }

  memory() {
    for (let i = 0; i < 4; i += 1) collectGarbage();
    const status = readFileSync(`/proc/${this.worker.pid}/status`, 'utf8');
    return {
      workerKib: Number(/VmRSS:\s+(\d+)/.exec(status)[1]),
      heapKib: Math.round(process.memoryUsage().heapUsed / 1024),
    };
  }

  async usage() {
    const { ru_utime: user, ru_stime: system } = await this.worker.getResourceUsage();
    const { datagramsReceived: received, datagramsSent: sent } = await this.worker.getStats();
    return { at: performance.now(), cpuMs: user + system, received, sent };
  }
}

const rounds = async (count, measure) => {
  const results = [];
  for (let round = 0; round < count; round += 1) results.push(await measure(round));
  return results;
};

async function measureRates(bench, chosen) {
  const transports = await bench.receivers(100, 9);
  const consumers = await Promise.all(transports.map((transport) => bench.consume(transport)));
  const kinds = {
    'setPriority of a consumer': async (n) => {
      const consumer = consumers[n % consumers.length];
      const priority = 1 + (n % 255);
      await consumer.setPriority(priority);
    },
    'getStats of a transport': async (n) => {
      const transport = transports[n % transports.length];
      const [stats] = await transport.getStats();
      bench.check(stats.transportId === transport.id, 'an answer is of another transport');
    },
  };
  for (const [name, ask] of Object.entries(kinds)) {
    await bench.perSecond(ask, { inFlight: chosen.inFlight, seconds: 0.5 });
    const found = await rounds(chosen.rounds, () => bench.perSecond(ask, chosen));
    console.log(`${name}: ${spread(found)} requests/s, ${chosen.inFlight} under way`);
    if (!chosen.contentOnly) bench.judge(found, kGoals.perSecond, `${name}, requests/s`, true);
  }
  for (const transport of transports) transport.close();
}

async function measureLatency(bench, chosen, { name, goal }) {
  const [transport] = await bench.receivers(1, 9);
  const ask = () => transport.getStats();
  await bench.latencies(ask, 0.2);
  const found = await rounds(chosen.rounds, () => bench.latencies(ask, chosen.seconds));
  const p50 = found.map((taken) => quantile(taken, 0.5));
  const p99 = found.map((taken) => quantile(taken, 0.99));
  console.log(`${name}: ${spread(p50, 2)} ms, 99 of 100 within ${spread(p99, 2)} ms`);
  if (!chosen.contentOnly) bench.judge(p99, goal, `${name}, ms`, false);
  transport.close();
}

// True if the worker had more to do than it could.
async function measureUnderLoad(bench, chosen) {
  const flood = await Flood.open({ port: bench.source.tuple.localPort, ssrc: kSsrc });
  const transports = await bench.receivers(chosen.receivers, flood.sinkPort);
  flood.start();
  await pause(500);
  const before = await bench.usage();
  const offered = await flood.sent();
  await measureLatency(bench, chosen, { name: 'answer under load', goal: kGoals.loadedMs });
  const after = await bench.usage();
  const span = (after.at - before.at) / 1000;
  const came = (after.received - before.received) / span;
  const wanted = ((await flood.sent()) - offered) / span;
  const cpu = (after.cpuMs - before.cpuMs) / span / 1000;
  console.log(
    `  meanwhile: ${Math.round(cpu * 100)} % of a core, ${Math.round(came)} of ${Math.round(wanted)} ` +
      `packets/s taken, ${Math.round((after.sent - before.sent) / span)} sent`,
  );
  await flood.close();
  for (const transport of transports) transport.close();
  return cpu >= kBusy || came < wanted * 0.9;
}

async function measureChurn(bench, chosen) {
  const memory = [];
  const found = await rounds(chosen.rounds, async () => {
    const rates = await bench.churn(chosen.consumers);
    memory.push(bench.memory());
    return rates;
  });
  const perSecond = (field) => spread(found.map((rates) => rates[field] * 1000));
  console.log(
    `${chosen.consumers} consumers: ${perSecond('create')} created/s, ${perSecond('close')} closed/s`,
  );
  for (const [field, name] of [
    ['workerKib', 'worker'],
    ['heapKib', 'heap of Node.js'],
  ]) {
    const sizes = memory.map((each) => each[field]);
    console.log(`  ${name} after each round, KiB: ${sizes.join(' ')}`);
    const settled = sizes[Math.min(1, sizes.length - 1)];
    const most = settled + Math.max(settled * kMostGrowth, kGrowthFloorKib);
    bench.check(sizes.at(-1) <= most, `the ${name} grows`);
  }
}

function number(option, text, low, high) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`${option} must be a whole number from ${low} to ${high}, not "${text}"`);
}

function options() {
  const text = (value) => ({ type: 'string', default: value });
  const { values } = parseArgs({
    options: {
      rounds: text('5'),
      seconds: text('2'),
      'in-flight': text('256'),
      consumers: text('10000'),
      receivers: text('200'),
      'content-only': { type: 'boolean', default: false },
    },
  });
  return {
    rounds: number('--rounds', values.rounds, 2, 100),
    seconds: number('--seconds', values.seconds, 1, 60),
    inFlight: number('--in-flight', values['in-flight'], 1, 4000),
    consumers: number('--consumers', values.consumers, 1, 50_000),
    receivers: number('--receivers', values.receivers, 1, 1000),
    contentOnly: values['content-only'],
  };
}

async function main() {
  let chosen;
  try {
    chosen = options();
  } catch (error) {
    console.error(`sdk: ${error.message}`);
    return 2;
  }
  console.log(
    `load of the machine: ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
  );
  const bench = await Bench.open();
  let busy;
  try {
    await measureRates(bench, chosen);
    await measureLatency(bench, chosen, { name: 'answer at rest', goal: kGoals.idleMs });
    await measureChurn(bench, chosen);
    busy = await measureUnderLoad(bench, chosen);
  } finally {
    bench.worker.close();
  }
  for (const fault of bench.faults) console.error(`sdk: ${fault}`);
  if (bench.faults.length > 0) return 1;
  if (busy || chosen.contentOnly) return 0;
  console.error('sdk: the worker was not kept busy');
  return 3;
}

process.exitCode = await main();
