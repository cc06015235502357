// The last ten minutes, second by second, for the live page: what happened between two snapshots.

import { randomUUID } from 'node:crypto';

import type { LiveAnswer, LivePoint, LiveRates, LiveRoom, LiveWorker } from '../protocol/live';
import type { EngineHistogram, EngineTraffic } from './engine';
import { percentileUs } from './load_score';
import type { RoomView, Snapshot, WorkerView } from './telemetry';
import { addHistograms } from './traffic_sum';

// Ten minutes; with all workers and rooms some megabytes.
export const kKeptSeconds = 600;
// As many as somebody can look at.
const kMostRooms = 12;

const kNoHistogram: EngineHistogram = { boundsUs: [], counts: [], sumUs: 0, maxUs: 0 };
// What is how it should be: a receiver takes one encoding of three, a browser repeats packets and pads
// to find out what its path carries.
const kIntended = new Set([
  'otherLayer',
  'consumerPaused',
  'producerPaused',
  'noConsumer',
  'rtxUnwanted',
  'rtpPadding',
]);

export class LiveHistory {
  private readonly life = randomUUID();
  private readonly points: LivePoint[] = [];
  private before: Snapshot | null = null;
  private number = 0;
  private bounds: number[] = [];

  constructor(private readonly version: string) {}

  get size(): number {
    return this.points.length;
  }

  // The first snapshot is only what the second is compared with.
  record(now: Snapshot): void {
    const { before } = this;
    // Two who ask at the same time get the same.
    if (before === now || (before && now.at <= before.at)) return;
    this.before = now;
    if (before === null) return;
    this.points.push(this.pointOf(now, before));
    if (this.points.length > kKeptSeconds) this.points.shift();
  }

  // Those after the point called `since`, of this life; otherwise all.
  tell(life: string | null, since: number): LiveAnswer {
    const known = life === this.life ? since : 0;
    return {
      version: this.version,
      life: this.life,
      keptSeconds: kKeptSeconds,
      delayBoundsUs: this.bounds,
      points: this.points.filter(({ number }) => number > known),
    };
  }

  private pointOf(now: Snapshot, before: Snapshot): LivePoint {
    const seconds = (now.at - before.at) / 1000;
    const [delays, delaysBefore] = [delaysOf(now), delaysOf(before)];
    this.bounds = delays.boundsUs;
    const rates = ratesOf(now.people, [now.total, before.total], seconds);
    return {
      number: ++this.number,
      date: now.date,
      ...rates,
      rooms: now.rooms,
      roomsLeftOut: Math.max(0, now.rooms - kMostRooms),
      consumers: now.total.consumers,
      drops: perSecond(unintended(now.total) - unintended(before.total), seconds),
      estimate: now.total.availableOutgoingBitrate,
      desired: now.total.desiredOutgoingBitrate,
      delays: delays.counts.map((count, i) => Math.max(0, count - (delaysBefore.counts[i] ?? 0))),
      workers: now.workers.map((worker) => {
        const earlier = before.workers.find(({ pid }) => pid !== null && pid === worker.pid);
        return liveWorker(worker, earlier, seconds);
      }),
      perRoom: now.roomViews.slice(0, kMostRooms).map((room) => {
        const earlier = before.roomViews.find(({ name }) => name === room.name);
        return liveRoom(room, earlier, seconds);
      }),
    };
  }
}

function liveWorker(now: WorkerView, before: WorkerView | undefined, seconds: number): LiveWorker {
  const stats = now.up ? now.stats : null;
  // What counts from zero again is compared with nothing.
  const traffic: Pair = [stats?.traffic, before?.stats?.traffic];
  return {
    index: now.index,
    up: now.up,
    rooms: now.rooms,
    ...ratesOf(now.people, traffic, seconds),
    consumers: stats?.consumers ?? 0,
    cpu: round(now.up ? now.cpu : 0, 4),
    load: round(now.load?.score ?? 0, 3),
    loadReason: now.load?.reason ?? 'processor',
    turnUs: stats ? percentileUs(stats.turnTime, before?.stats?.turnTime ?? null, 0.99) : 0,
    longestTurnUs: stats?.turnTime.maxUs ?? 0,
    memoryBytes: stats?.rssBytes ?? 0,
  };
}

function liveRoom(now: RoomView, before: RoomView | undefined, seconds: number): LiveRoom {
  return {
    name: now.name,
    ...ratesOf(now.people, [now.traffic, before?.traffic], seconds),
    consumers: now.traffic.consumers,
  };
}

type Pair = [now: EngineTraffic | undefined, before: EngineTraffic | undefined];

function ratesOf(people: number, [now, before]: Pair, seconds: number): LiveRates {
  const rate = (read: (traffic: EngineTraffic) => number) =>
    now && before ? perSecond(read(now) - read(before), seconds) : 0;
  return {
    people,
    inBitrate: Math.round(8 * rate((t) => t.bytesReceived)),
    outBitrate: Math.round(8 * rate((t) => t.bytesSent)),
    inLoss: shareOf(
      rate((t) => t.received.packetsLost),
      rate((t) => t.received.packetCount),
    ),
    outLoss: shareOf(
      rate((t) => t.sent.packetsLost),
      rate((t) => t.sent.packetCount),
    ),
    nacks: rate((t) => t.received.nackCount + t.sent.nackCount),
    repeats: rate((t) => t.received.packetsRepaired + t.sent.packetsRetransmitted),
    keyFrameRequests: rate(
      (t) => t.received.pliCount + t.received.firCount + t.sent.pliCount + t.sent.firCount,
    ),
  };
}

// Of `lost` and what came. Receivers report once in a while, so that one second may tell of more than
// was sent in it.
function shareOf(lost: number, came: number): number | null {
  if (lost + came <= 0) return null;
  return round(Math.min(1, lost / (lost + came)), 4);
}

// Counts that have fallen belong to something that has begun anew.
function perSecond(difference: number, seconds: number): number {
  return seconds > 0 && difference > 0 ? round(difference / seconds, 1) : 0;
}

function unintended(traffic: EngineTraffic): number {
  return Object.entries(traffic.drops).reduce(
    (sum, [reason, count]) => (kIntended.has(reason) ? sum : sum + count),
    0,
  );
}

function delaysOf({ workers }: Snapshot): EngineHistogram {
  return workers
    .flatMap(({ stats }) => (stats ? [stats.forwardingDelay] : []))
    .reduce(addHistograms, kNoHistogram);
}

function round(value: number, digits: number): number {
  const unit = 10 ** digits;
  return Math.round(value * unit) / unit;
}
