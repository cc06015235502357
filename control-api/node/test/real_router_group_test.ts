// A room on three workers, with packets: everybody hears everybody, also after one of them is lost.
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { test } from 'node:test';

import {
  createWorker,
  RouterGroup,
  workerBin,
  type Consumer,
  type DirectTransport,
  type GroupParticipant,
  type Producer,
  type types,
  type Worker,
} from '../src/index.js';
import { browserCapabilities, end, mediaCodecs, nextEvent } from './fixtures.js';
import { skip } from './real_worker.js';

const people = 6;
const perWorker = 2;
const packetEvery = 5;

class Speaker {
  /** By whom, the numbers that were heard. */
  readonly heard = new Map<Speaker, Set<number>>();
  #sequence = 0;

  private constructor(
    readonly participant: GroupParticipant,
    readonly direct: DirectTransport,
    readonly producer: Producer,
    readonly ssrc: number,
  ) {}

  static async enter(group: RouterGroup, index: number): Promise<Speaker> {
    const participant = await group.join();
    const direct = await participant.router.createDirectTransport();
    const ssrc = 1000 + index;
    const rtpParameters: types.RtpParameters = {
      codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48000, channels: 2 }],
      encodings: [{ ssrc }],
    };
    const producer = await direct.produce({ kind: 'audio', rtpParameters });
    return new Speaker(participant, direct, producer, ssrc);
  }

  async hear(group: RouterGroup, other: Speaker): Promise<Consumer> {
    const { direct, participant } = this;
    const rtpCapabilities = browserCapabilities(participant.router);
    const numbers = new Set<number>();
    this.heard.set(other, numbers);
    const consumer = await group.consume(direct, {
      producerId: other.producer.id,
      rtpCapabilities,
    });
    consumer.on('rtp', (bytes) => {
      const speaker = bytes.readUInt32BE(bytes.length - 8);
      assert.equal(speaker, other.ssrc, 'the content is that of the producer');
      numbers.add(bytes.readUInt32BE(bytes.length - 4));
      ears.emit('packet');
    });
    return consumer;
  }

  /** A packet that says whose it is and how manieth. */
  say(): void {
    if (this.producer.closed) return;
    const sequence = (this.#sequence += 1);
    const bytes = Buffer.alloc(12 + 20);
    bytes.writeUInt8(0x80, 0);
    bytes.writeUInt8(100, 1);
    bytes.writeUInt16BE(sequence & 0xffff, 2);
    bytes.writeUInt32BE(sequence * 960, 4);
    bytes.writeUInt32BE(this.ssrc, 8);
    bytes.writeUInt32BE(this.ssrc, bytes.length - 8);
    bytes.writeUInt32BE(sequence, bytes.length - 4);
    this.producer.send(bytes);
  }

  /** How many of the least heard. */
  least(of: (other: Speaker) => boolean): number {
    const sizes = [...this.heard].flatMap(([other, numbers]) => (of(other) ? [numbers.size] : []));
    return Math.min(...sizes);
  }
}

/** Tells of every packet that anybody hears. */
const ears = new EventEmitter();

/** Looks again whenever somebody has heard something; gives up after ten seconds. */
async function until(what: string, done: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  while (!done()) {
    await once(ears, 'packet', { signal }).catch(() => assert.fail(what));
  }
}

async function withRoom(
  body: (room: Speaker[], workers: Worker[]) => Promise<void>,
): Promise<void> {
  const workers = await Promise.all([1, 2, 3].map(() => createWorker({ workerBin })));
  const group = new RouterGroup({ workers, router: { mediaCodecs }, spread: perWorker });
  const room: Speaker[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    for (let index = 0; index < people; ++index) room.push(await Speaker.enter(group, index));
    const pairs = room.flatMap((one) => room.map((other) => [one, other] as const));
    await Promise.all(pairs.map(([one, other]) => one !== other && one.hear(group, other)));
    timer = setInterval(() => room.forEach((speaker) => speaker.say()), packetEvery);
    await body(room, workers);
  } finally {
    clearInterval(timer);
    await Promise.all(workers.map(end));
  }
}

test(
  'a room on three workers hears itself, and goes on without one of them',
  { skip },
  async () => {
    await withRoom(async (room, workers) => {
      const on = (worker: Worker | undefined) => (speaker: Speaker) =>
        speaker.participant.worker === worker;
      for (const worker of workers) assert.equal(room.filter(on(worker)).length, perWorker);
      await until('everybody hears everybody', () =>
        room.every((one) => one.least(() => true) > 20),
      );

      const died = nextEvent(workers[1] as Worker, 'died');
      process.kill((workers[1] as Worker).pid, 'SIGKILL');
      await died;
      const rest = room.filter((speaker) => !on(workers[1])(speaker));
      assert.ok(rest.every(({ producer, direct }) => !producer.closed && !direct.closed));
      const before = rest.map((one) => one.least((other) => rest.includes(other)));
      await until('the others go on', () =>
        rest.every(
          (one, at) => one.least((other) => rest.includes(other)) > (before[at] ?? 0) + 20,
        ),
      );
    });
  },
);

test('what is said on one worker is heard on another, and its loss is told', { skip }, async () => {
  const workers = await Promise.all([1, 2].map(() => createWorker({ workerBin })));
  const group = new RouterGroup({ workers, router: { mediaCodecs }, spread: 1 });
  try {
    const [near, far] = [await group.join(), await group.join()];
    assert.notEqual(near.worker, far.worker);
    const mouth = await near.router.createDirectTransport();
    const ear = await far.router.createDirectTransport();
    const producer = await mouth.produceData({ label: 'chat' });
    const [consumer, second] = await Promise.all([
      group.consumeData(ear, { dataProducerId: producer.id }),
      group.consumeData(ear, { dataProducerId: producer.id }),
    ]);
    assert.equal(consumer.label, 'chat');
    assert.deepEqual(
      group.routers.map(({ copies }) => copies),
      [0, 1],
      'one copy, however many hear it',
    );
    const heard = nextEvent(second, 'message');
    await producer.send('hello');
    assert.equal(String((await heard)[0]), 'hello');

    const lost = nextEvent(group, 'routerlost');
    const gone = nextEvent(consumer, 'dataproducerclose');
    process.kill(near.worker.pid, 'SIGKILL');
    const [loss] = (await lost) as [types.RouterLoss];
    assert.deepEqual(loss.dataProducerIds, [producer.id]);
    await gone;
  } finally {
    await Promise.all(workers.map(end));
  }
});
