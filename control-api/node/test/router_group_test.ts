// One room on several workers, against workers that do as they are told, and in time that is wound
// by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import {
  createWorker,
  RouterGroup,
  type Consumer,
  type GroupParticipant,
  type Producer,
  type Router,
  type types,
  type WebRtcTransport,
  type Worker,
} from '../src/index.js';
import {
  audioParameters,
  browserCapabilities,
  end,
  fakeWorkerBin,
  listenInfos,
  mediaCodecs,
  nextEvent,
  videoParameters,
} from './fixtures.js';
import type { Script } from './fake_worker.js';

const idleTime = 100;

class HandClock implements types.GroupClock {
  #now = 0;
  readonly #alarms = new Set<{ at: number; task: () => void }>();

  after(delay: number, task: () => void): () => void {
    const alarm = { at: this.#now + delay, task };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  advance(by: number): void {
    this.#now += by;
    for (const alarm of [...this.#alarms]) {
      if (alarm.at > this.#now) continue;
      this.#alarms.delete(alarm);
      alarm.task();
    }
  }

  get waiting(): number {
    return this.#alarms.size;
  }
}

interface Stage {
  group: RouterGroup;
  workers: Worker[];
  clock: HandClock;
}

/** As many workers as scripts. */
async function withGroup(
  scripts: Script[],
  options: Partial<types.RouterGroupOptions>,
  body: (stage: Stage) => Promise<void>,
): Promise<void> {
  const workers = await Promise.all(
    scripts.map((script) => createWorker({ workerBin: fakeWorkerBin(script) })),
  );
  const clock = new HandClock();
  const group = new RouterGroup({ workers, router: { mediaCodecs }, idleTime, clock, ...options });
  try {
    await body({ group, workers, clock });
  } finally {
    await Promise.all(workers.map(end));
  }
}

interface Guest {
  participant: GroupParticipant;
  transport: WebRtcTransport;
  capabilities: types.RtpCapabilities;
}

async function enter(group: RouterGroup): Promise<Guest> {
  const participant = await group.join();
  const { router } = participant;
  const transport = await router.createWebRtcTransport({ listenInfos });
  return { participant, transport, capabilities: browserCapabilities(router) };
}

function speak({ transport }: Guest): Promise<Producer> {
  return transport.produce({ kind: 'audio', rtpParameters: audioParameters() });
}

function hear(group: RouterGroup, guest: Guest, producer: Producer): Promise<Consumer> {
  const { transport, capabilities: rtpCapabilities } = guest;
  return group.consume(transport, { producerId: producer.id, rtpCapabilities });
}

function indexes(workers: Worker[], participants: GroupParticipant[]): number[] {
  return participants.map(({ worker }) => workers.indexOf(worker));
}

async function joinInTurn(group: RouterGroup, count: number): Promise<GroupParticipant[]> {
  const participants = [];
  for (let i = 0; i < count; ++i) participants.push(await group.join());
  return participants;
}

/** Two on different workers, the first of whom speaks. */
async function withTwo(
  body: (stage: Stage & { near: Guest; far: Guest; producer: Producer }) => Promise<void>,
  scripts: Script[] = [{}, {}],
): Promise<void> {
  await withGroup(scripts, { spread: 1 }, async (stage) => {
    const near = await enter(stage.group);
    const far = await enter(stage.group);
    await body({ ...stage, near, far, producer: await speak(near) });
  });
}

/** What the pipes of a router have carried since. */
function watchPipes(router: Router): { pipes: number; consumers: Consumer[] } {
  const seen = { pipes: 0, consumers: [] as Consumer[] };
  router.observer.on('newtransport', (transport) => {
    if (transport.type !== 'pipe') return;
    seen.pipes += 1;
    transport.observer.on('newconsumer', (consumer) => void seen.consumers.push(consumer));
  });
  return seen;
}

describe('places', () => {
  test('are on one worker while it has room, then on the next, then where there are fewest', async () => {
    await withGroup([{}, {}], { spread: 2 }, async ({ group, workers }) => {
      const participants = await joinInTurn(group, 6);
      assert.deepEqual(indexes(workers, participants), [0, 0, 1, 1, 0, 1]);
    });
  });

  test('are even in a large room', async () => {
    for (const count of [1, 2, 4]) {
      await withGroup(
        Array.from({ length: count }, () => ({})),
        {},
        async ({ group }) => {
          await joinInTurn(group, 60);
          const sizes = group.routers.map(({ participants }) => participants);
          assert.equal(sizes.length, count);
          assert.ok(Math.min(...sizes) >= 0.8 * Math.max(...sizes), sizes.join());
        },
      );
    }
  });

  test('of a small room that was larger are where most are', async () => {
    await withGroup([{}, {}, {}], { spread: 3 }, async ({ group, workers }) => {
      const [, , , fourth] = await joinInTurn(group, 4);
      const [first] = await joinInTurn(group, 1);
      fourth?.leave();
      first?.leave();
      assert.deepEqual(indexes(workers, await joinInTurn(group, 1)), [1]);
    });
  });

  test('are given alike to those who come at once', async () => {
    await withGroup([{}, {}, {}], { spread: 2 }, async ({ group, workers }) => {
      const participants = await Promise.all(Array.from({ length: 6 }, () => group.join()));
      assert.deepEqual(indexes(workers, participants), [0, 0, 1, 2, 1, 2]);
      assert.equal(new Set(participants.map(({ router }) => router)).size, 3);
    });
  });

  test('that become free are taken again before another worker is', async () => {
    await withGroup([{}, {}, {}], { spread: 3 }, async ({ group, workers }) => {
      const [first, , , second] = await joinInTurn(group, 5);
      first?.leave();
      second?.leave();
      assert.deepEqual(indexes(workers, await joinInTurn(group, 3)), [1, 2, 2]);
    });
  });

  test('are begun where the fewest of all groups are', async () => {
    await withGroup([{}, {}], { spread: 2 }, async ({ group, workers }) => {
      await joinInTurn(group, 1);
      const other = new RouterGroup({ workers, router: { mediaCodecs } });
      assert.deepEqual(indexes(workers, await joinInTurn(other, 2)), [1, 1]);
      const third = new RouterGroup({ workers, router: { mediaCodecs } });
      assert.deepEqual(indexes(workers, await joinInTurn(third, 1)), [0]);
    });
  });

  test('are on no worker that is not named any more, where those who are there stay', async () => {
    let named: Worker[] = [];
    await withGroup([{}, {}], { workers: () => named }, async ({ group, workers }) => {
      named = workers;
      const [first] = await joinInTurn(group, 2);
      named = workers.slice(1);
      assert.deepEqual(indexes(workers, await joinInTurn(group, 2)), [1, 1]);
      assert.equal(first?.closed, false);
      assert.equal(group.routers.length, 2);
      named = [];
      await assert.rejects(group.join(), { name: 'InvalidStateError', message: /no worker/ });
    });
  });

  test('are elsewhere if the worker dies while somebody joins', async () => {
    await withGroup([{ dieAt: 'CreateRouter' }, {}], {}, async ({ group, workers }) => {
      assert.deepEqual(indexes(workers, [await group.join()]), [1]);
    });
  });

  test('are not there without workers', async () => {
    const group = new RouterGroup({ workers: () => [], router: { mediaCodecs } });
    await assert.rejects(group.join(), { name: 'InvalidStateError', message: /no worker/ });
  });

  test('that are refused are not counted', async () => {
    const refuse = { CreateRouter: { code: 6, message: 'full' } };
    await withGroup([{ refuse }], {}, async ({ group }) => {
      await assert.rejects(group.join(), /full/);
      assert.deepEqual(group.routers, []);
    });
  });
});

describe('a router', () => {
  test('that nobody is on any more is closed after a while', async () => {
    await withGroup([{}], {}, async ({ group, clock }) => {
      const participant = await group.join();
      const closed = nextEvent(group, 'routerclose');
      participant.leave();
      clock.advance(idleTime - 1);
      assert.equal(participant.router.closed, false);
      clock.advance(1);
      assert.deepEqual(await closed, [participant.router, participant.worker]);
      assert.ok(participant.router.closed);
    });
  });

  test('is kept for who comes in between', async () => {
    await withGroup([{}], {}, async ({ group, clock }) => {
      const { router, leave } = await group.join().then((each) => ({
        router: each.router,
        leave: () => each.leave(),
      }));
      leave();
      const next = await group.join();
      clock.advance(10 * idleTime);
      assert.equal(next.router, router);
      assert.equal(router.closed, false);
    });
  });

  test('ends with the group, also one that is still to come', async () => {
    await withGroup(
      [{}, { heldUntil: { CreateRouter: 'GetResourceUsage' } }],
      { spread: 1 },
      async ({ group, workers }) => {
        const { router } = await group.join();
        const coming = assert.rejects(group.join(), { name: 'InvalidStateError' });
        const made = nextEvent((workers[1] as Worker).observer, 'newrouter');
        group.close();
        assert.ok(router.closed);
        await workers[1]?.getResourceUsage();
        await coming;
        assert.ok(((await made)[0] as Router).closed);
        await assert.rejects(group.join(), /the group is closed/);
      },
    );
  });
});

describe('a producer', () => {
  test('is carried to where it is consumed, and nowhere else', async () => {
    await withGroup([{}, {}, {}], { spread: 1 }, async ({ group }) => {
      const guests = [await enter(group), await enter(group), await enter(group)];
      const [near, far] = guests as [Guest, Guest];
      const producer = await speak(near);
      const consumer = await hear(group, far, producer);
      assert.equal(consumer.producerId, producer.id);
      assert.deepEqual(
        group.routers.map(({ producers, copies }) => [producers, copies]),
        [
          [1, 0],
          [0, 1],
          [0, 0],
        ],
      );
    });
  });

  test('needs no pipe to whom it shares a router with', async () => {
    await withGroup([{}], {}, async ({ group }) => {
      const [near, other] = [await enter(group), await enter(group)];
      const seen = watchPipes(near.participant.router);
      await hear(group, other, await speak(near));
      assert.equal(seen.pipes, 0);
    });
  });

  test('is carried once, however many ask at once', async () => {
    await withTwo(async ({ group, near, far, producer }) => {
      const seen = watchPipes(near.participant.router);
      const others = [await enter(group), await enter(group), await enter(group)];
      const there = others.filter(
        ({ participant }) => participant.worker === far.participant.worker,
      );
      await Promise.all([far, far, ...there].map((guest) => hear(group, guest, producer)));
      assert.equal(seen.pipes, 1);
      assert.equal(seen.consumers.length, 1);
    });
  });

  test('is consumable for whom it is consumable at home', async () => {
    await withTwo(async ({ group, near, far, producer }) => {
      const { capabilities: rtpCapabilities } = far;
      assert.ok(group.canConsume({ producerId: producer.id, rtpCapabilities }));
      const deaf = { codecs: [], headerExtensions: [] };
      assert.ok(!group.canConsume({ producerId: producer.id, rtpCapabilities: deaf }));
      assert.ok(!group.canConsume({ producerId: 'nobody', rtpCapabilities }));
      near.transport.close();
      assert.ok(!group.canConsume({ producerId: producer.id, rtpCapabilities }));
    });
  });

  test('that closes ends everywhere', async () => {
    await withTwo(async ({ group, far, producer }) => {
      const consumer = await hear(group, far, producer);
      const closed = nextEvent(consumer, 'producerclose');
      producer.close();
      await closed;
      assert.deepEqual(
        group.routers.map(({ producers, copies }) => producers + copies),
        [0, 0],
      );
      await assert.rejects(hear(group, far, producer), { name: 'NotFoundError' });
    });
  });

  test('that could not be carried can be asked for again', async () => {
    const script = { dieAt: 'Produce' };
    await withTwo(
      async ({ group, workers, far, producer }) => {
        await assert.rejects(hear(group, far, producer));
        assert.equal(workers[1]?.closed, true);
        const next = await enter(group);
        assert.equal((await hear(group, next, producer)).producerId, producer.id);
      },
      [{}, script, {}],
    );
  });
});

describe('a copy', () => {
  test('that nobody uses any more goes after a while, at both ends', async () => {
    await withTwo(async ({ group, near, far, producer, clock }) => {
      const seen = watchPipes(near.participant.router);
      const [one, other] = [await hear(group, far, producer), await hear(group, far, producer)];
      one.close();
      clock.advance(2 * idleTime);
      assert.equal(seen.consumers[0]?.closed, false);
      other.close();
      clock.advance(idleTime - 1);
      assert.equal(seen.consumers[0]?.closed, false);
      clock.advance(1);
      // It is closed in the turn after, for the copy may still have been under way.
      await near.participant.worker.getResourceUsage();
      assert.equal(seen.consumers[0]?.closed, true);
      assert.equal(producer.closed, false);
      await hear(group, far, producer);
      assert.equal(seen.consumers.length, 2);
      assert.equal(seen.pipes, 1);
    });
  });

  test('stays for who comes in between', async () => {
    await withTwo(async ({ group, near, far, producer, clock }) => {
      const seen = watchPipes(near.participant.router);
      (await hear(group, far, producer)).close();
      clock.advance(idleTime - 1);
      await hear(group, far, producer);
      clock.advance(10 * idleTime);
      assert.equal(seen.consumers[0]?.closed, false);
      assert.equal(seen.consumers.length, 1);
    });
  });

  test('is used by consumers that were made without the group, too', async () => {
    await withTwo(async ({ group, far, producer, clock }) => {
      const consumer = await hear(group, far, producer);
      const { transport, capabilities: rtpCapabilities } = far;
      await transport.consume({ producerId: producer.id, rtpCapabilities });
      consumer.close();
      clock.advance(10 * idleTime);
      assert.equal(group.routers[1]?.copies, 1);
    });
  });

  test('leaves no alarm behind when its producer ends', async () => {
    await withTwo(async ({ group, far, producer, clock }) => {
      const consumer = await hear(group, far, producer);
      const closed = nextEvent(consumer, 'producerclose');
      producer.close();
      await closed;
      assert.equal(clock.waiting, 0);
    });
  });
});

describe('a worker that dies', () => {
  test('takes along what was born there, and nothing else', async () => {
    await withGroup([{}, {}, {}], { spread: 1 }, async ({ group, workers }) => {
      const guests = [await enter(group), await enter(group), await enter(group)];
      const [first, second, third] = guests as [Guest, Guest, Guest];
      const producers = [await speak(first), await speak(second)] as const;
      const lost = await hear(group, third, producers[0]);
      const kept = await hear(group, third, producers[1]);
      const toDead = await hear(group, first, producers[1]);
      const told = nextEvent(group, 'routerlost');
      const closed = nextEvent(lost, 'producerclose');
      process.kill((workers[0] as Worker).pid, 'SIGKILL');
      const [loss] = (await told) as [types.RouterLoss];
      await closed;
      assert.equal(loss.worker, workers[0]);
      assert.deepEqual(loss.producerIds, [producers[0].id]);
      assert.deepEqual(loss.participants, [first.participant]);
      assert.ok(first.participant.closed && toDead.closed);
      assert.ok(!kept.closed && !producers[1].closed);
      assert.deepEqual(
        group.routers.map(({ worker }) => workers.indexOf(worker)),
        [1, 2],
      );
    });
  });

  test('is replaced for people to come', async () => {
    const workers: Worker[] = [];
    const start = async (): Promise<void> =>
      void workers.push(await createWorker({ workerBin: fakeWorkerBin() }));
    await start();
    const group = new RouterGroup({ workers: () => workers, router: { mediaCodecs } });
    const { worker } = await group.join();
    const told = nextEvent(group, 'routerlost');
    process.kill(worker.pid, 'SIGKILL');
    await told;
    await assert.rejects(group.join(), /no worker is running/);
    await start();
    assert.equal((await group.join()).worker, workers[1]);
    await Promise.all(workers.map(end));
  });

  test('no longer counts against its successor or its group', async () => {
    await withGroup([{}, {}], { spread: 1 }, async ({ group, workers }) => {
      const [first] = await joinInTurn(group, 2);
      const told = nextEvent(group, 'routerlost');
      process.kill((workers[0] as Worker).pid, 'SIGKILL');
      await told;
      first?.leave();
      assert.deepEqual(
        group.routers.map(({ participants }) => participants),
        [1],
      );
    });
  });
});

test('wrong options are refused by their name', async () => {
  const make = (options: object) => () => new RouterGroup(options as never);
  assert.throws(make({}), /workers is neither an array nor a function/);
  assert.throws(make({ workers: [], spread: 0 }), /spread/);
  assert.throws(make({ workers: [], idleTime: -1 }), /idleTime/);
  assert.throws(make({ workers: [], router: { mediaCodecs: [{}] } }), /mediaCodecs/);
  await withTwo(async ({ group, far, workers }) => {
    const { capabilities: rtpCapabilities } = far;
    const stranger = await (workers[0] as Worker).createRouter({ mediaCodecs });
    const transport = await stranger.createWebRtcTransport({ listenInfos });
    await assert.rejects(
      group.consume(transport, { producerId: 'x', rtpCapabilities }),
      /transport is not of a router of the group/,
    );
    await assert.rejects(
      group.consume(far.transport, { producerId: '', rtpCapabilities }),
      /producerId is empty/,
    );
  });
});

// What pipeToRouter() makes of bad moments.
describe('carrying', () => {
  async function withRouters(
    scripts: Script[],
    body: (routers: Router[], workers: Worker[], producer: Producer) => Promise<void>,
  ): Promise<void> {
    const workers = await Promise.all(
      scripts.map((script) => createWorker({ workerBin: fakeWorkerBin(script) })),
    );
    const routers = workers.map((worker) => worker.createRouter({ mediaCodecs }));
    const all = await Promise.all(routers);
    const transport = await (all[0] as Router).createWebRtcTransport({ listenInfos });
    const producer = await transport.produce({ kind: 'video', rtpParameters: videoParameters() });
    try {
      await body(all, workers, producer);
    } finally {
      await Promise.all(workers.map(end));
    }
  }
  const heldProduce = { heldUntil: { Produce: 'GetResourceUsage' } };

  /** Resolves when the far end has been asked to produce, which it does not answer. */
  function consumed(router: Router): Promise<unknown> {
    return new Promise((resolve) => {
      router.observer.on('newtransport', (transport) => {
        if (transport.type === 'pipe') transport.observer.once('newconsumer', resolve);
      });
    });
  }

  test('fails if the producer closes meanwhile, and leaves nothing at the far end', async () => {
    await withRouters([{}, heldProduce], async ([near, far], [, farWorker], producer) => {
      const options = { producerId: producer.id, router: far as Router };
      const asked = consumed(near as Router);
      const carried = assert.rejects((near as Router).pipeToRouter(options), {
        name: 'InvalidStateError',
      });
      const [pipeConsumer] = [(await asked) as Consumer];
      const gone = nextEvent(pipeConsumer, 'producerclose');
      producer.close();
      await gone;
      await farWorker?.getResourceUsage();
      await carried;
      assert.equal((far as Router).pipeInternals().findProducer(producer.id), undefined);
    });
  });

  test('ends paused what is paused meanwhile', async () => {
    await withRouters([{}, heldProduce], async ([near, far], [, farWorker], producer) => {
      const options = { producerId: producer.id, router: far as Router };
      const asked = consumed(near as Router);
      const carrying = (near as Router).pipeToRouter(options);
      const pipeConsumer = (await asked) as Consumer;
      const told = nextEvent(pipeConsumer, 'producerpause');
      await producer.pause();
      await told;
      await farWorker?.getResourceUsage();
      const { pipeProducer } = await carrying;
      if (!pipeProducer.paused) await nextEvent(pipeProducer.observer, 'pause');
      assert.ok(pipeProducer.paused);
    });
  });

  test('ends as the last of many pauses and resumes, whatever was under way', async () => {
    await withRouters([{}, {}], async ([near, far], _, producer) => {
      const options = { producerId: producer.id, router: far as Router };
      const { pipeProducer } = await (near as Router).pipeToRouter(options);
      const orders = [];
      for (let i = 0; i < 10; ++i) orders.push(producer.pause(), producer.resume());
      await Promise.all([...orders, producer.pause()]);
      // All news is in; what was under way at the far end ends, and then comes the last state.
      await producer.dump();
      for (let i = 0; i < 3; ++i) await pipeProducer.dump();
      assert.ok(pipeProducer.paused);
    });
  });

  for (const dieAt of ['CreatePipeTransport', 'ConnectPlainTransport', 'Produce']) {
    test(`to a worker that dies at ${dieAt} leaves nothing at the near end`, async () => {
      await withRouters([{}, { dieAt }, {}], async ([near, far, other], _, producer) => {
        let made = 0;
        const open = new Set<unknown>();
        (near as Router).observer.on('newtransport', (transport) => {
          made += 1;
          open.add(transport);
          transport.observer.once('close', () => open.delete(transport));
        });
        const options = { producerId: producer.id, router: far as Router };
        await assert.rejects((near as Router).pipeToRouter(options));
        assert.equal(made, 1);
        assert.equal(open.size, 0);
        const again = { ...options, router: other as Router };
        assert.equal((await (near as Router).pipeToRouter(again)).pipeProducer.closed, false);
      });
    });
  }
});
