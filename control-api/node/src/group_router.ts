// One router of a group: who is placed on it, what was born on it, and what it has copies of.
import type { GroupClock } from './router_group.js';
import type { Router } from './router.js';
import type { Transport } from './transport.js';
import type { Worker } from './worker.js';

export interface GroupRouterInternal {
  worker: Worker;
  clock: GroupClock;
  /** Milliseconds for which what nobody uses is kept. */
  idleTime: number;
  /** True of a producer that is on another router of the group already, whoever carried it here. */
  isCopy: (producerId: string, at: GroupRouter) => boolean;
  onBorn: (producerId: string, at: GroupRouter) => void;
  onEnded: (producerId: string, at: GroupRouter) => void;
  /** Nobody has been on it for `idleTime`. */
  onIdle: (at: GroupRouter) => void;
  onClose: (at: GroupRouter) => void;
}

/** What producers and consumers have in common, of media and of data. */
interface Watched {
  readonly observer: { once(event: 'close', listener: () => void): unknown };
}
/** A producer of media or of data. */
export interface CopiedProducer extends Watched {
  readonly id: string;
  readonly closed: boolean;
  close(): void;
}

/** A producer of another router, for as long as somebody behind uses it. */
class Copy {
  #users = 0;
  #cancel: (() => void) | undefined;
  #over = false;

  constructor(
    readonly ready: Promise<CopiedProducer>,
    private readonly internal: GroupRouterInternal,
    private readonly onUnused: () => void,
  ) {}

  hold(): void {
    this.#users += 1;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users > 0 || this.#over) return;
    this.#cancel = this.internal.clock.after(this.internal.idleTime, this.onUnused);
  }

  /** Its users may let go of it later than it ended. */
  end(): void {
    this.#over = true;
    this.#cancel?.();
  }
}

/** @internal */
export class GroupRouter {
  readonly ready: Promise<Router>;
  /** Placed here, from the moment that it was decided. */
  participants = 0;
  /** What the router took along when it was lost: producers, and data producers. */
  readonly lost: string[] = [];
  readonly lostData: string[] = [];
  readonly #internal: GroupRouterInternal;
  readonly #born = new Set<string>();
  readonly #bornData = new Set<string>();
  readonly #copies = new Map<string, Copy>();
  readonly #transports = new WeakSet<object>();
  #router: Router | undefined;
  #cancelIdle: (() => void) | undefined;
  #closed = false;

  constructor(internal: GroupRouterInternal, create: () => Promise<Router>) {
    this.#internal = internal;
    this.ready = create().then((router) => this.#begin(router));
    // Whoever waits for it is told; without anybody that is nobody's failure.
    this.ready.catch(() => this.#end());
  }

  get worker(): Worker {
    return this.#internal.worker;
  }

  /** Undefined until the worker has made it. */
  get router(): Router | undefined {
    return this.#router;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** How many producers of other routers it has. */
  get copies(): number {
    return this.#copies.size;
  }

  get producers(): number {
    return this.#born.size;
  }

  owns(transport: Transport): boolean {
    return this.#transports.has(transport);
  }

  take(): void {
    this.participants += 1;
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
  }

  giveBack(): void {
    this.participants -= 1;
    if (this.participants > 0 || this.#closed) return;
    const { clock, idleTime, onIdle } = this.#internal;
    this.#cancelIdle = clock.after(idleTime, () => onIdle(this));
  }

  /** The one copy of the producer that there is here, made by `carry` if there is none. */
  copyOf(producerId: string, carry: () => Promise<CopiedProducer>): Copy {
    const before = this.#copies.get(producerId);
    if (before) return before;
    const copy: Copy = new Copy(carry(), this.#internal, () => this.#drop(producerId, copy));
    this.#copies.set(producerId, copy);
    copy.ready.then(
      (producer) => {
        producer.observer.once('close', () => this.#forget(producerId, copy));
        if (producer.closed) this.#forget(producerId, copy);
      },
      () => this.#forget(producerId, copy),
    );
    return copy;
  }

  close(): void {
    if (this.#closed) return;
    this.#end();
    this.#router?.close();
  }

  #begin(router: Router): Router {
    this.#router = router;
    if (this.#closed) {
      router.close();
      return router;
    }
    router.observer.on('newtransport', (transport) => this.#watch(transport));
    router.observer.once('close', () => this.#end());
    if (router.closed) this.#end();
    return router;
  }

  #watch(transport: Transport): void {
    this.#transports.add(transport);
    transport.observer.on('newproducer', (producer) => {
      this.#welcome(producer, this.#born, this.lost);
    });
    transport.observer.on('newdataproducer', (producer) => {
      this.#welcome(producer, this.#bornData, this.lostData);
    });
    transport.observer.on('newconsumer', (consumer) => this.#use(consumer.producerId, consumer));
    transport.observer.on('newdataconsumer', (consumer) => {
      this.#use(consumer.dataProducerId, consumer);
    });
  }

  #use(producerId: string, { observer }: Watched): void {
    const copy = this.#copies.get(producerId);
    if (!copy) return;
    copy.hold();
    observer.once('close', () => copy.release());
  }

  #welcome({ id, observer }: CopiedProducer, born: Set<string>, lost: string[]): void {
    const { isCopy, onBorn, onEnded } = this.#internal;
    if (this.#copies.has(id) || isCopy(id, this)) return;
    born.add(id);
    onBorn(id, this);
    observer.once('close', () => {
      born.delete(id);
      // A router closes its producers before it says that it is closed.
      if (this.#router?.closed) lost.push(id);
      onEnded(id, this);
    });
  }

  // Nobody has used the copy for a while. Its near end closes with it.
  #drop(producerId: string, copy: Copy): void {
    this.#forget(producerId, copy);
    copy.ready.then(
      (producer) => producer.close(),
      () => undefined,
    );
  }

  #forget(producerId: string, copy: Copy): void {
    copy.end();
    if (this.#copies.get(producerId) === copy) this.#copies.delete(producerId);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelIdle?.();
    for (const copy of this.#copies.values()) copy.end();
    this.#internal.onClose(this);
  }
}
