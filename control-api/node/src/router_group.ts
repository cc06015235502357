// One room on several workers: each participant has a place on one of its routers, and what a
// participant sends is carried to the other routers as soon as somebody there consumes it.
//
// What is carried goes straight from the router where it was born to the one where it is consumed:
// a star around each producer, which cannot become a loop, and no stream passes more than one pipe.
import type { Consumer } from './consumer.js';
import type { DataConsumer } from './data_consumer.js';
import { EnhancedEventEmitter } from './event_emitter.js';
import { InvalidStateError, NotFoundError } from './errors.js';
import { GroupRouter, type CopiedProducer } from './group_router.js';
import * as ortc from './ortc.js';
import { asDictionary, asInteger, asName } from './ortc/fields.js';
import type { PipeToRouterOptions } from './pipe_to_router.js';
import type { Router, RouterOptions } from './router.js';
import type { RtpCapabilities } from './rtp_types.js';
import type { Transport } from './transport.js';
import type { DataConsumerOptions } from './transport_data.js';
import type { ConsumeOptions } from './transport_types.js';
import type { AppData } from './types.js';
import type { Worker } from './worker.js';

/**
 * Most rooms are smaller and need no pipe: sixteen people are 240 streams for a core, about a tenth
 * of what it forwards. Beyond, load grows with the square of the people.
 */
const defaultSpread = 16;
const maxSpread = 100_000;
/** Somebody who comes back, or looks at another page of tiles and back, finds all as it was. */
const defaultIdleTime = 5000;
const maxIdleTime = 3_600_000;
/** Workers that die while somebody joins; more in a row is an outage, which joining does not mend. */
const maxAttempts = 3;

export interface GroupClock {
  /** Runs `task` once, after so many milliseconds; the answer cancels it. */
  after(delay: number, task: () => void): () => void;
}

export interface RouterGroupOptions {
  /**
   * The workers that there are, or a function that tells them and is asked for each participant. Of
   * equals the first is taken. Nobody joins on a worker that is not named any more; who is there stays.
   */
  workers: readonly Worker[] | (() => readonly Worker[]);
  /** Of each router. */
  router?: Pick<RouterOptions, 'mediaCodecs' | 'loudestSpeakers'>;
  /**
   * How many participants one worker takes before others are used; 16 if missing. 1 puts everybody
   * where there are fewest.
   */
  spread?: number;
  /** Of the pipes between routers. */
  pipe?: Pick<PipeToRouterOptions, 'listenInfo' | 'enableRtx' | 'enableSrtp' | 'onDemand'>;
  /**
   * Milliseconds after which a copy that nobody consumes any more, and a router that nobody is on
   * any more, is closed; 5,000 if missing.
   */
  idleTime?: number;
  /** Another one than the system's. */
  clock?: GroupClock;
}

/** What went with a worker, or with a router that somebody closed. */
export interface RouterLoss {
  worker: Worker;
  router: Router;
  /** Of participants who were there. Consumers elsewhere have got 'producerclose'. */
  producerIds: string[];
  dataProducerIds: string[];
  participants: GroupParticipant[];
}

export type RouterGroupEvents = {
  newrouter: [Router, Worker];
  /** Whoever was there may join again, the others go on. */
  routerlost: [RouterLoss];
  /** After 'routerlost', or because it is not needed any more, or with the group. */
  routerclose: [Router, Worker];
  listenererror: [string, Error];
};

/** How a worker takes part in a group. */
export interface GroupRouterStatus {
  worker: Worker;
  router: Router;
  participants: number;
  /** Sent by participants who are here. */
  producers: number;
  /** Carried here from other routers. */
  copies: number;
}

// What differs between media and data.
interface ConsumeSteps<Consuming> {
  carry: (source: Router, router: Router) => Promise<CopiedProducer>;
  consume: () => Promise<Consuming>;
}

// Of all groups of this process: rooms share workers.
const participantsOn = new WeakMap<Worker, number>();

/** Somebody's place on a router. Transports that are made there are closed by whoever made them. */
export class GroupParticipant {
  readonly router: Router;
  readonly worker: Worker;
  readonly #onLeave: () => void;
  #closed = false;

  /** @internal Use RouterGroup.join(). */
  constructor({ router, worker }: { router: Router; worker: Worker }, onLeave: () => void) {
    this.router = router;
    this.worker = worker;
    this.#onLeave = onLeave;
  }

  /** Left, or lost with the router. */
  get closed(): boolean {
    return this.#closed || this.router.closed;
  }

  leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onLeave();
  }
}

export class RouterGroup extends EnhancedEventEmitter<RouterGroupEvents> {
  readonly observer = new EnhancedEventEmitter<{ close: [] }>();
  readonly rtpCapabilities: RtpCapabilities;
  readonly #options: RouterGroupOptions;
  readonly #spread: number;
  readonly #idleTime: number;
  readonly #routers = new Map<Worker, GroupRouter>();
  readonly #homes = new Map<string, GroupRouter>();
  readonly #participants = new Map<GroupRouter, Set<GroupParticipant>>();
  #closed = false;

  constructor(options: RouterGroupOptions) {
    super();
    asDictionary(options, 'options');
    const { workers } = options;
    if (!Array.isArray(workers) && typeof workers !== 'function')
      throw new TypeError('workers is neither an array nor a function');
    this.#options = options;
    this.#spread = asInteger(options.spread ?? defaultSpread, 'spread', 1, maxSpread);
    this.#idleTime = asInteger(options.idleTime ?? defaultIdleTime, 'idleTime', 0, maxIdleTime);
    this.rtpCapabilities = ortc.generateRouterRtpCapabilities(options.router?.mediaCodecs);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The routers that there are now. */
  get routers(): GroupRouterStatus[] {
    return [...this.#routers.values()].flatMap(
      ({ worker, router, participants, producers, copies }) =>
        router ? [{ worker, router, participants, producers, copies }] : [],
    );
  }

  /** Also closes its routers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const each of [...this.#routers.values()]) each.close();
    this.observer.safeEmit('close');
  }

  /**
   * A place for somebody, whose transports have to be made on its router. As long as there are fewer
   * than `spread` participants that is the router with most of them. From then on it is the one with
   * the fewest, once that one has half of `spread` a worker that the group does not use yet (the one
   * with the fewest participants of all groups), and when all are in use again the one with the
   * fewest. So large rooms are even, and none is on more workers than it needs. Rejects with an
   * InvalidStateError if no worker is running.
   */
  async join(): Promise<GroupParticipant> {
    for (let attempt = 1; ; ++attempt) {
      this.#requireOpen();
      const at = this.#choose();
      // Counted in the turn of the choice, or all who come at once would choose alike.
      this.#count(at, 1);
      try {
        return this.#welcome(at, await at.ready);
      } catch (error) {
        this.#count(at, -1);
        if (!at.worker.closed || attempt === maxAttempts) throw error;
      }
    }
  }

  /**
   * As Transport.consume(), of a transport on any router of the group, for a producer on any other:
   * the first one who asks has the producer carried there.
   */
  async consume<ConsumerData extends AppData = AppData>(
    transport: Transport,
    options: ConsumeOptions<ConsumerData>,
  ): Promise<Consumer<ConsumerData>> {
    asDictionary(options, 'options');
    const { producerId } = options;
    return this.#consumeAt(transport, producerId, 'producerId', {
      carry: async (source, router) => {
        const pipe = { ...this.#options.pipe, producerId, router, keepId: true };
        return (await source.pipeToRouter(pipe)).pipeProducer;
      },
      consume: () => transport.consume<ConsumerData>(options),
    });
  }

  /** The same for data producers, as Transport.consumeData(). */
  async consumeData<DataConsumerData extends AppData = AppData>(
    transport: Transport,
    options: DataConsumerOptions<DataConsumerData>,
  ): Promise<DataConsumer<DataConsumerData>> {
    asDictionary(options, 'options');
    const { dataProducerId } = options;
    return this.#consumeAt(transport, dataProducerId, 'dataProducerId', {
      carry: async (source, router) => {
        const pipe = { ...this.#options.pipe, dataProducerId, router, keepId: true };
        return (await source.pipeToRouter(pipe)).pipeDataProducer;
      },
      consume: () => transport.consumeData<DataConsumerData>(options),
    });
  }

  /** As Router.canConsume(), for producers of all routers. Never throws. */
  canConsume(options: { producerId: string; rtpCapabilities: RtpCapabilities }): boolean {
    return this.#homes.get(options.producerId)?.router?.canConsume(options) ?? false;
  }

  async #consumeAt<Consuming>(
    transport: Transport,
    id: unknown,
    field: string,
    { carry, consume }: ConsumeSteps<Consuming>,
  ): Promise<Consuming> {
    this.#requireOpen();
    const at = [...this.#routers.values()].find((each) => each.owns(transport));
    if (!at) throw new TypeError('transport is not of a router of the group');
    const name = asName(id, field);
    const home = this.#homes.get(name);
    if (!home) throw new NotFoundError(`${field}: the group has no producer ${name}`);
    if (home === at) return consume();
    const copy = at.copyOf(name, async () => {
      const [source, router] = await Promise.all([home.ready, at.ready]);
      return carry(source, router);
    });
    // Held until the consumer counts itself, or the copy could go in between.
    copy.hold();
    try {
      await copy.ready;
      return await consume();
    } finally {
      copy.release();
    }
  }

  #choose(): GroupRouter {
    const { workers } = this.#options;
    const offered = typeof workers === 'function' ? workers() : workers;
    const routers = [...this.#routers.values()];
    const people = routers.reduce((sum, { participants }) => sum + participants, 0);
    const used = routers.filter(({ worker }) => offered.includes(worker));
    const fullest = largest(used, ({ participants }) => participants);
    if (fullest && people < this.#spread) return fullest;
    const least = largest(used, ({ participants }) => -participants);
    if (least && least.participants < this.#spread / 2) return least;
    const fresh = offered.filter((worker) => !worker.closed && !this.#routers.has(worker));
    const next = largest(fresh, (worker) => -(participantsOn.get(worker) ?? 0));
    if (next) return this.#begin(next);
    if (!least) throw new InvalidStateError('no worker is running');
    return least;
  }

  #begin(worker: Worker): GroupRouter {
    const router = new GroupRouter(
      {
        worker,
        clock: this.#options.clock ?? systemClock,
        idleTime: this.#idleTime,
        isCopy: (producerId, at) => (this.#homes.get(producerId) ?? at) !== at,
        onBorn: (producerId, at) => void this.#homes.set(producerId, at),
        onEnded: (producerId, at) => {
          if (this.#homes.get(producerId) === at) this.#homes.delete(producerId);
        },
        onIdle: (at) => at.close(),
        onClose: (at) => this.#routerClosed(at),
      },
      async () => {
        const made = await worker.createRouter({ ...this.#options.router });
        return made as unknown as Router;
      },
    );
    this.#routers.set(worker, router);
    this.#participants.set(router, new Set());
    router.ready.then(
      (made) => router.closed || this.safeEmit('newrouter', made, worker),
      () => undefined,
    );
    return router;
  }

  #welcome(at: GroupRouter, router: Router): GroupParticipant {
    if (at.closed) throw new InvalidStateError('the router was closed meanwhile');
    const here = this.#participants.get(at);
    const participant = new GroupParticipant({ router, worker: at.worker }, () => {
      if (here?.delete(participant)) this.#count(at, -1);
    });
    here?.add(participant);
    return participant;
  }

  #count(at: GroupRouter, change: 1 | -1): void {
    participantsOn.set(at.worker, (participantsOn.get(at.worker) ?? 0) + change);
    if (change > 0) at.take();
    else at.giveBack();
  }

  #routerClosed(at: GroupRouter): void {
    const { worker, router } = at;
    if (this.#routers.get(worker) === at) this.#routers.delete(worker);
    const participants = [...(this.#participants.get(at) ?? [])];
    this.#participants.delete(at);
    if (!router) return;
    // What we close ourselves is closed here before it is closed in the worker.
    const lost = { producerIds: at.lost, dataProducerIds: at.lostData };
    if (router.closed) this.safeEmit('routerlost', { worker, router, participants, ...lost });
    for (const participant of participants) participant.leave();
    this.safeEmit('routerclose', router, worker);
  }

  #requireOpen(): void {
    if (this.#closed) throw new InvalidStateError('the group is closed');
  }
}

/** Of equals the first. */
function largest<Item>(items: readonly Item[], size: (item: Item) => number): Item | undefined {
  return items.reduce<Item | undefined>(
    (best, item) => (best === undefined || size(item) > size(best) ? item : best),
    undefined,
  );
}

const systemClock: GroupClock = {
  after(delay, task) {
    const timer = setTimeout(task, delay);
    // What is idle keeps no process from ending.
    timer.unref();
    return () => clearTimeout(timer);
  },
};
