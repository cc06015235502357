// The media workers of this machine: one per core, each replaced as soon as it dies.

import type { Clock } from './clock';
import type { CreateWorker, EngineWebRtcServer, EngineWorker, ListenInfo } from './engine';
import { LiveWorker } from './live_worker';
import { loadBand } from './load_score';
import type { LoadReason } from './load_score';
import { reasonOf } from './log';
import type { Log } from './log';
import { Refusal } from './refusal';

// A worker that lived at least this long earned an immediate replacement; one that keeps dying at
// once is retried ever more slowly, so that a broken machine is not also a busy one.
const kHealthyAgeMs = 2000;
const kFirstRetryMs = 250;
const kLastRetryMs = 5000;
// How long a join waits for a worker when none is alive.
const kPatienceMs = 5000;
// How long it waits for one that is being started while others are alive; most start within a tenth.
const kStartPatienceMs = 1000;
const kSampleMs = 1000;

export { LiveWorker } from './live_worker';

export interface PoolOptions {
  count: number;
  createWorker: CreateWorker;
  // Places are counted on beyond `count`: a successor cannot have the ports of a worker that goes on
  // until its people have moved.
  listenInfosOf: (index: number) => ListenInfo[];
  onDied: (dead: LiveWorker) => void;
  clock: Clock;
  log: Log;
}

export interface WorkerStatus {
  index: number;
  alive: boolean;
  // It answered the last question in time.
  responds: boolean;
  rooms: number;
  peers: number;
  restarts: number;
  // 0..1, and what decides it; of a worker that is not there nothing is known.
  load: number | null;
  loadReason: LoadReason | null;
}

interface Place {
  live: LiveWorker | null;
  restarts: number;
  quickDeaths: number;
  // Which of its two sets of ports it uses.
  side: 0 | 1;
}

export class WorkerPool {
  private readonly places: Place[] = [];
  private readonly lives = new WeakMap<EngineWorker, LiveWorker>();
  private readonly waiting = new Set<(live: LiveWorker) => void>();
  private stopSampling: () => void = () => {};
  private readonly retries = new Set<() => void>();
  private readonly starting = new Set<Promise<void>>();
  private readonly retiring = new Set<LiveWorker>();
  private closed = false;

  constructor(private readonly options: PoolOptions) {}

  // Starts every worker. The first failure is thrown: at start it means a wrong set-up, such as a
  // port in use, and retrying would only hide it.
  async start(): Promise<void> {
    const { count, clock } = this.options;
    for (let index = 0; index < count; ++index) {
      this.places.push({ live: null, restarts: 0, quickDeaths: 0, side: 0 });
    }
    const outcomes = await Promise.allSettled(this.places.map((_, index) => this.spawn(index)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) {
      this.close();
      throw failed.reason;
    }
    this.stopSampling = clock.every(kSampleMs, () => void this.refresh());
  }

  // The least loaded worker; see byLoad().
  async pick(): Promise<LiveWorker> {
    return this.byLoad()[0] ?? (await this.nextToCome());
  }

  // Resolves when no worker is being started any more, or takes its time. The people of one that died
  // come back at once; without its successor they would crowd the others.
  async complete(): Promise<void> {
    if (this.starting.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(kStartPatienceMs, resolve);
      void Promise.all(this.starting).then(() => {
        cancel();
        resolve();
      });
    });
  }

  // All that are alive, the least loaded first: by the tenth of the load score, then fewest people,
  // fewest rooms, least processor time. Who does not answer comes last.
  byLoad(): LiveWorker[] {
    return this.living()
      .filter(({ draining }) => !draining)
      .sort(
        (a, b) =>
          Number(b.responds) - Number(a.responds) ||
          loadBand(a.load) - loadBand(b.load) ||
          a.peers - b.peers ||
          a.rooms - b.rooms ||
          a.cpu - b.cpu,
      );
  }

  // In the order of their places; null where none is alive.
  current(): { live: LiveWorker | null; restarts: number }[] {
    return this.places;
  }

  // Resolves when what is known of each worker is fresh, or is not to be had.
  async refresh(): Promise<void> {
    const { clock, log } = this.options;
    await Promise.all(this.living().map((live) => live.refresh(clock, log)));
  }

  private living(): LiveWorker[] {
    return this.places.flatMap(({ live }) => (live ? [live] : []));
  }

  // Also one that died a moment ago, whose people are still being told.
  find(worker: EngineWorker): LiveWorker {
    const live = this.lives.get(worker);
    if (!live) throw new RangeError(`worker ${worker.pid} is none of this pool`);
    return live;
  }

  // Puts a new worker in the place of this one, which goes on for its people until retire(). Rejects
  // if there is none, or its successor does not start; then all is as it was.
  async replace(index: number): Promise<LiveWorker> {
    const place = this.places[index];
    const before = place?.live;
    if (!place || !before) throw new Refusal('not_found', `No worker ${index} is running.`);
    if (before.draining) throw new Refusal('unavailable', `Worker ${index} is being replaced.`);
    before.draining = true;
    this.retiring.add(before);
    place.side = place.side === 0 ? 1 : 0;
    try {
      await this.spawn(index);
    } catch (error) {
      this.retiring.delete(before);
      before.draining = false;
      place.side = place.side === 0 ? 1 : 0;
      // It died meanwhile, when nobody was to follow it.
      if (!before.alive) this.respawn(index);
      throw error;
    }
    return before;
  }

  retire(before: LiveWorker): void {
    if (!this.retiring.delete(before)) return;
    before.alive = false;
    before.worker.close();
    this.options.log.info(`worker ${before.index} was replaced`, { pid: before.worker.pid });
  }

  status(): WorkerStatus[] {
    return this.places.map(({ live, restarts }, index) => ({
      index,
      alive: live !== null,
      responds: live?.responds ?? false,
      rooms: live?.rooms ?? 0,
      peers: live?.peers ?? 0,
      restarts,
      load: live ? Math.round(live.load.score * 1000) / 1000 : null,
      loadReason: live?.load.reason ?? null,
    }));
  }

  // Null while none is running there.
  pidOf(index: number): number | null {
    return this.places[index]?.live?.worker.pid ?? null;
  }

  close(): void {
    this.closed = true;
    this.stopSampling();
    for (const cancel of this.retries) cancel();
    this.retries.clear();
    for (const before of [...this.retiring]) this.retire(before);
    for (const place of this.places) {
      if (place.live) place.live.alive = false;
      place.live?.worker.close();
      place.live = null;
    }
  }

  private nextToCome(): Promise<LiveWorker> {
    return new Promise((resolve, reject) => {
      const take = (live: LiveWorker) => {
        cancel();
        resolve(live);
      };
      const cancel = this.options.clock.after(kPatienceMs, () => {
        this.waiting.delete(take);
        reject(new Refusal('unavailable', 'No media worker is running. Try again in a moment.'));
      });
      this.waiting.add(take);
    });
  }

  private async spawn(index: number): Promise<void> {
    const { count, createWorker, listenInfosOf, clock, log } = this.options;
    const place = index + count * this.placeAt(index).side;
    const worker = await createWorker();
    // Death is watched from the first moment: a worker may die while it is being set up.
    let live: LiveWorker | null = null;
    let died = false;
    worker.on('died', (error) => {
      died = true;
      if (live) this.onDied(live, error);
    });
    let webRtcServer: EngineWebRtcServer;
    try {
      webRtcServer = await worker.createWebRtcServer({ listenInfos: listenInfosOf(place) });
    } catch (error) {
      worker.close();
      throw error;
    }
    if (this.closed || died) {
      worker.close();
      if (this.closed) return;
      throw new Error('the worker died while it was being set up');
    }
    live = new LiveWorker(index, worker, webRtcServer, clock.now());
    this.placeAt(index).live = live;
    this.lives.set(worker, live);
    log.info(`worker ${index} is up`, { pid: worker.pid });
    for (const take of this.waiting) take(live);
    this.waiting.clear();
  }

  private onDied(dead: LiveWorker, error: Error): void {
    if (!dead.alive) return;
    const { clock, log, onDied } = this.options;
    dead.alive = false;
    const place = this.placeAt(dead.index);
    if (dead.draining) {
      // Its successor is there or on its way.
      if (place.live === dead) place.live = null;
      log.error(`worker ${dead.index} died before it was replaced`, { reason: reasonOf(error) });
      return onDied(dead);
    }
    place.live = null;
    place.restarts += 1;
    if (clock.now() - dead.bornAt >= kHealthyAgeMs) place.quickDeaths = 0;
    log.error(`worker ${dead.index} died`, { rooms: dead.rooms, reason: reasonOf(error) });
    // The successor is on its way before its people are told, so that it is there when they ask.
    this.respawn(dead.index);
    onDied(dead);
  }

  private respawn(index: number): void {
    if (this.closed) return;
    const place = this.placeAt(index);
    const attempt = place.quickDeaths++;
    const run = () => {
      const start = this.spawn(index).catch((error: unknown) => {
        this.options.log.error(`worker ${index} did not start`, { reason: reasonOf(error) });
        this.respawn(index);
      });
      this.starting.add(start);
      void start.then(() => this.starting.delete(start));
    };
    if (attempt === 0) return run();
    const delay = Math.min(kLastRetryMs, kFirstRetryMs * 2 ** (attempt - 1));
    const cancel = this.options.clock.after(delay, () => {
      this.retries.delete(cancel);
      run();
    });
    this.retries.add(cancel);
  }

  private placeAt(index: number): Place {
    const place = this.places[index];
    if (!place) throw new RangeError(`there is no worker ${index}`);
    return place;
  }
}
