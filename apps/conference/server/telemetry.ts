// What is known of this server at one moment, for whoever watches it: metrics, the live page, health.
//
// However many ask, the workers are asked once: those who come while it is being found out share it.

import type { Clock } from './clock';
import type { Conference } from './conference';
import type { EngineTraffic, EngineWorkerStats } from './engine';
import type { Load } from './load_score';
import { LastingTraffic } from './lasting_traffic';
import type { Room } from './room';
import type { WorkerPool } from './worker_pool';

// Each room costs its workers a request, and whoever stores metrics some fifty series. Rooms beyond it are
// counted, and are in the sums of their workers all the same.
export const kMostRooms = 50;
// As of the workers: of rooms on one that is stuck is told what it said last.
const kAnswerMs = 500;

export interface WorkerView {
  index: number;
  // It is there and has answered in time.
  up: boolean;
  pid: number | null;
  restarts: number;
  people: number;
  // Of how many rooms it has a part.
  rooms: number;
  // Share of a core since it was last asked.
  cpu: number;
  load: Load | null;
  // The last answer; null if there never was one.
  stats: EngineWorkerStats | null;
}

export interface RoomView {
  name: string;
  people: number;
  workers: number;
  traffic: EngineTraffic;
}

export interface Snapshot {
  // Of the clock, and of the calendar, in milliseconds.
  at: number;
  date: number;
  // How long it took to find all this out.
  tookMs: number;
  people: number;
  rooms: number;
  joins: number;
  refusals: ReadonlyMap<string, number>;
  workers: WorkerView[];
  // Of all workers since this server started, those that have died included.
  total: EngineTraffic;
  // Those with the most people, and how many are left out.
  roomViews: RoomView[];
  roomsLeftOut: number;
}

export interface TelemetryOptions {
  pool: Pick<WorkerPool, 'refresh' | 'current'>;
  conference: Pick<Conference, 'allRooms' | 'peerCount' | 'joins' | 'refusals'>;
  clock: Clock;
  // Milliseconds since 1970.
  date?: () => number;
}

export class Telemetry {
  private pending: Promise<Snapshot> | null = null;
  private last: Snapshot | null = null;
  // By process.
  private readonly ofWorkers = new LastingTraffic<number>();
  // By router. A room that is opened anew is another one, and begins at zero.
  private readonly ofRooms = new WeakMap<Room, LastingTraffic<string>>();

  constructor(private readonly options: TelemetryOptions) {}

  get latest(): Snapshot | null {
    return this.last;
  }

  collect(): Promise<Snapshot> {
    this.pending ??= this.findOut().finally(() => (this.pending = null));
    return this.pending;
  }

  private async findOut(): Promise<Snapshot> {
    const { pool, conference, clock, date = Date.now } = this.options;
    const began = clock.now();
    const rooms = biggest(conference.allRooms);
    const asked = rooms.slice(0, kMostRooms);
    const [roomViews] = await Promise.all([
      Promise.all(asked.map((room) => this.look(room))),
      pool.refresh(),
    ]);
    const workers = this.viewWorkers();
    this.last = {
      at: clock.now(),
      date: date(),
      tookMs: clock.now() - began,
      people: conference.peerCount,
      rooms: rooms.length,
      joins: conference.joins,
      refusals: conference.refusals,
      workers,
      total: this.totalOf(workers),
      roomViews,
      roomsLeftOut: rooms.length - asked.length,
    };
    return this.last;
  }

  private viewWorkers(): WorkerView[] {
    return this.options.pool.current().map(({ live, restarts }, index) => ({
      index,
      up: live !== null && live.responds && live.stats !== null,
      pid: live?.worker.pid ?? null,
      restarts,
      people: live?.peers ?? 0,
      rooms: live?.rooms ?? 0,
      cpu: live?.cpu ?? 0,
      load: live?.load ?? null,
      stats: live?.stats ?? null,
    }));
  }

  private totalOf(workers: WorkerView[]): EngineTraffic {
    const now = new Map<number, EngineTraffic>();
    for (const { pid, stats } of workers) if (pid && stats) now.set(pid, stats.traffic);
    return this.ofWorkers.sum(now);
  }

  private async look(room: Room): Promise<RoomView> {
    const { name, peers, routers } = room;
    const asked = routers.map(async (router): Promise<[string, EngineTraffic | null]> => {
      const answer = router.getStats().then(({ traffic }) => traffic);
      return [router.id, await this.patiently(answer)];
    });
    const sum = this.ofRooms.get(room) ?? new LastingTraffic();
    this.ofRooms.set(room, sum);
    const traffic = sum.sum(new Map(await Promise.all(asked)));
    return { name, people: peers.size, workers: routers.length, traffic };
  }

  // Null for no answer in time, and for a router that closes meanwhile.
  private patiently(answer: Promise<EngineTraffic>): Promise<EngineTraffic | null> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(kAnswerMs, () => resolve(null));
      const done = (traffic: EngineTraffic | null) => {
        cancel();
        resolve(traffic);
      };
      void answer.then(done, () => done(null));
    });
  }
}

function biggest(rooms: Room[]): Room[] {
  return [...rooms].sort((a, b) => b.peers.size - a.peers.size || (a.name < b.name ? -1 : 1));
}
