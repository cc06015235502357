// One room on several worker processes: is their load even, does everybody get the same, and what do
// the others notice when one is killed?
//
// usage: node bench/spread/run.mjs [--people 60] [--speakers 8] [--workers 1,2,4] [--seconds 5] [--content-only]
//   --content-only   judge what arrives, and not how evenly or how steadily: for machines that do
//                    something else besides
//
// People are on plain transports over loopback; the speakers send a packet every 20 ms, and everybody
// hears all of them. Exit status 1 if a packet is missing or changed, if loads differ by more than a
// fifth, or if the others' media stops for more than 50 ms; 3 if the machine was too busy to tell: if
// there were such gaps before anything was killed, or between two sockets without a worker.

import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker as Thread } from 'node:worker_threads';

import { createWorker, RouterGroup } from '../../control-api/node/dist/esm/index.js';

const kCodec = { kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2 };
const kListen = { protocol: 'udp', ip: '127.0.0.1' };
const kFirstSsrc = 1000;
const kMostUneven = 0.2;
const kLongestGapMs = 50;
const kWarmUpMs = 1500;
// Bounds of what one machine can be asked for.
const kMostPeople = 200;
const kMostWorkers = 16;
const kMostSeconds = 600;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Media {
  #thread = new Thread(fileURLToPath(new URL('media.mjs', import.meta.url)));
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
    return Promise.all([
      once(this.#thread, 'exit'),
      this.#thread.postMessage({ command: 'close' }),
    ]);
  }
}

class Room {
  people = [];
  producers = new Map();

  static async open({ workers: count, people, speakers }) {
    const room = new Room();
    room.media = new Media();
    room.workers = await Promise.all(
      Array.from({ length: count }, () => createWorker({ logLevel: 'warn' })),
    );
    // Everybody where there are fewest, so that a room of this size is on all workers.
    const router = { mediaCodecs: [kCodec] };
    room.group = new RouterGroup({ workers: room.workers, router, spread: 1 });
    const ports = await room.media.ask('open', { people });
    for (const [person, port] of ports.entries()) await room.#enter(person, port);
    for (let person = 0; person < speakers; ++person) await room.#speak(person);
    await Promise.all(room.people.map((_, person) => room.#hearAll(person)));
    return room;
  }

  async #enter(person, port) {
    const participant = await this.group.join();
    const transport = await participant.router.createPlainTransport({ listenInfo: kListen });
    await transport.connect({ ip: '127.0.0.1', port });
    this.people[person] = { participant, transport };
  }

  async #speak(person) {
    const { transport } = this.people[person];
    const ssrc = kFirstSsrc + person;
    const codecs = [{ ...kCodec, payloadType: 100, kind: undefined }];
    const rtpParameters = { codecs, encodings: [{ ssrc }], rtcp: { cname: `person${person}` } };
    this.producers.set(person, await transport.produce({ kind: 'audio', rtpParameters }));
    await this.media.ask('speak', { person, ssrc, port: transport.tuple.localPort });
  }

  async #hearAll(person) {
    const { participant, transport } = this.people[person];
    const { codecs } = participant.router.rtpCapabilities;
    const rtpCapabilities = { codecs, headerExtensions: [] };
    for (const [from, { id: producerId }] of this.producers) {
      if (from === person) continue;
      const consumer = await this.group.consume(transport, { producerId, rtpCapabilities });
      const { ssrc } = consumer.rtpParameters.encodings[0];
      await this.media.ask('expect', { person, ssrc, from });
    }
  }

  // What each worker has sent and used so far.
  load() {
    const alive = this.workers.filter(({ closed }) => !closed);
    return Promise.all(
      alive.map(async (worker) => {
        const [usage, stats] = [await worker.getResourceUsage(), await worker.getStats()];
        const { datagramsSent: sent, sends } = stats;
        return { sent, sends, cpuMs: usage.ru_utime + usage.ru_stime };
      }),
    );
  }

  async close() {
    for (const worker of this.workers) worker.close();
    await this.media.close();
  }
}

// Of the largest, how much less the smallest is.
const unevenness = (values) => 1 - Math.min(...values) / Math.max(...values);
const percent = (share) => `${Math.round(share * 100)} %`;
const ms = (value) => `${value.toFixed(1)} ms`;

async function measure(room, seconds) {
  await pause(kWarmUpMs);
  await room.media.ask('mark');
  const before = await room.load();
  await pause(seconds * 1000);
  const after = await room.load();
  const seen = await room.media.ask('stop');
  const load = after.map(({ sent, sends, cpuMs }, at) => ({
    sent: (sent - before[at].sent) / seconds,
    sends: (sends - before[at].sends) / seconds,
    cpu: (cpuMs - before[at].cpuMs) / seconds / 1000,
  }));
  return { seen, load };
}

// Kills the last worker while everybody speaks.
async function lose(room, seconds) {
  await room.media.ask('resume');
  await pause(kWarmUpMs);
  const victim = room.workers.at(-1);
  const gone = room.people.flatMap(({ participant }, person) =>
    participant.worker === victim ? [person] : [],
  );
  await room.media.ask('forget', { people: gone });
  await room.media.ask('mark');
  const told = once(room.group, 'routerlost');
  const killedAt = performance.now();
  process.kill(victim.pid, 'SIGKILL');
  const [{ participants, producerIds }] = await told;
  const noticed = performance.now() - killedAt;
  await pause(seconds * 1000);
  const seen = await room.media.ask('stop');
  return { seen, noticed, lost: participants.length, producers: producerIds.length };
}

function describeLoad(count, { seen, load }) {
  const sent = load.map((each) => each.sent);
  const cpu = load.map((each) => each.cpu);
  console.log(
    `${count} workers: ${seen.streams} streams, ${seen.compared} packets compared, ` +
      `${seen.missing} missing, ${seen.foreign} changed; ${describeGaps(seen)}`,
  );
  console.log(
    `  packets/s sent: ${sent.map(Math.round).join(' ')} (${percent(unevenness(sent))} apart)`,
  );
  console.log(
    `  share of a core: ${cpu.map(percent).join(', ')} (${percent(unevenness(cpu))} apart)`,
  );
}

function describeLoss({ seen, noticed, lost, producers }) {
  console.log(
    `  one killed, with ${lost} people and ${producers} producers, told after ${ms(noticed)}: ` +
      `${seen.streams} streams of the others, ${seen.missing} of ${seen.compared} packets missing, ` +
      `${seen.foreign} changed; ${describeGaps(seen)}`,
  );
}

const describeGaps = ({ ownGap, gap, bareGap }) =>
  `longest gap ${ms(ownGap)} (with the sender's own: ${ms(gap)}; without a worker: ${ms(bareGap)})`;

function* faultsOf({ seen, load }, loss, contentOnly) {
  if (seen.missing + seen.foreign > 0) yield 'content differs';
  if (loss && loss.seen.missing + loss.seen.foreign > 0) yield 'content differs after the loss';
  if (seen.compared === 0 || loss?.seen.compared === 0) yield 'nothing was sent';
  if (contentOnly) return;
  if (unevenness(load.map(({ sent }) => sent)) > kMostUneven) yield 'packets are uneven';
  if (unevenness(load.map(({ cpu }) => cpu)) > kMostUneven) yield 'processor time is uneven';
  if (loss && loss.seen.ownGap > kLongestGapMs && !isBusy({ seen }, loss))
    yield `a gap of ${ms(loss.seen.ownGap)} after the loss`;
}

// Gaps that no loss of a worker has made.
function isBusy({ seen }, loss) {
  return [seen.ownGap, seen.bareGap, loss?.seen.bareGap ?? 0].some((gap) => gap > kLongestGapMs);
}

async function run(count, { people, speakers, seconds, contentOnly }) {
  const room = await Room.open({ workers: count, people, speakers });
  try {
    const measured = await measure(room, seconds);
    describeLoad(count, measured);
    const loss = count > 1 ? await lose(room, seconds) : null;
    if (loss) describeLoss(loss);
    const faults = [...faultsOf(measured, loss, contentOnly)].map(
      (fault) => `${count} workers: ${fault}`,
    );
    return { faults, busy: !contentOnly && loss !== null && isBusy(measured, loss) };
  } finally {
    await room.close();
  }
}

function number(option, text, low, high) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new Error(`${option} must be a whole number from ${low} to ${high}, not "${text}"`);
}

function options() {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '60' },
      speakers: { type: 'string', default: '8' },
      workers: { type: 'string', default: '1,2,4' },
      seconds: { type: 'string', default: '5' },
      'content-only': { type: 'boolean', default: false },
    },
  });
  const people = number('--people', values.people, 2, kMostPeople);
  return {
    people,
    speakers: number('--speakers', values.speakers, 1, people),
    workers: values.workers.split(',').map((text) => number('--workers', text, 1, kMostWorkers)),
    seconds: number('--seconds', values.seconds, 1, kMostSeconds),
    contentOnly: values['content-only'],
  };
}

async function main() {
  let chosen;
  try {
    chosen = options();
  } catch (error) {
    console.error(`spread: ${error.message}`);
    return 2;
  }
  const outcomes = [];
  for (const count of chosen.workers) outcomes.push(await run(count, chosen));
  const faults = outcomes.flatMap((outcome) => outcome.faults);
  for (const fault of faults) console.error(`spread: ${fault}`);
  if (faults.length > 0) return 1;
  if (!outcomes.some(({ busy }) => busy)) return 0;
  console.error('spread: the machine was too busy to tell gaps from its own');
  return 3;
}

process.exitCode = await main();
