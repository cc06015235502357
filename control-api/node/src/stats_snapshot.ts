// Statistics of many objects at one time, as they came: an object is unpacked when somebody looks at
// it.
import {
  DataConsumerStats,
  DataProducerStats,
  ObjectStats,
  ObjectStatsBody,
  StatsKind,
  StatsSnapshot as SnapshotTable,
  StreamStatsOfOne,
  TransportStats,
  WorkerStats,
} from './generated/schema.js';
import type { DataConsumerStat } from './data_consumer.js';
import type { DataProducerStat } from './data_producer.js';
import { decodeDataConsumerStats, decodeDataProducerStats } from './data_stats.js';
import {
  decodeDirectStats,
  decodePlainStats,
  decodeStreamStats,
  decodeTransportStats,
  decodeWorkerStats,
  type DirectTransportStat,
  type PlainTransportStat,
  type RtpStreamStat,
  type WebRtcTransportStat,
  type WorkerStat,
} from './stats.js';

export const statsKinds = [
  'worker',
  'transport',
  'producer',
  'consumer',
  'dataProducer',
  'dataConsumer',
] as const;
export type ObjectKind = (typeof statsKinds)[number];

/**
 * What `getStats()` of each kind of object resolves with, but for `rtcpMux` and `comedia` of plain
 * transports, which the worker does not tell.
 */
export interface StatsByKind {
  worker: WorkerStat;
  transport: [WebRtcTransportStat | PlainTransportStat | DirectTransportStat];
  producer: RtpStreamStat[];
  /** Without the streams of its producer, which tells of them itself. */
  consumer: RtpStreamStat[];
  dataProducer: [DataProducerStat];
  dataConsumer: [DataConsumerStat];
}

/** One object of a snapshot. */
export class ObjectStat<Kind extends ObjectKind = ObjectKind> {
  readonly #table: ObjectStats;
  readonly kind: Kind;
  /** Empty for the worker. */
  readonly id: string;
  #stats: StatsByKind[Kind] | undefined;

  /** @internal */
  constructor(table: ObjectStats, kind: Kind) {
    this.#table = table;
    this.kind = kind;
    this.id = table.id() ?? '';
  }

  /** Unpacked the first time that somebody asks. */
  get stats(): StatsByKind[Kind] {
    this.#stats ??= decode(this.#table, this.kind) as StatsByKind[Kind];
    return this.#stats;
  }
}

export class StatsSnapshot implements Iterable<ObjectStat> {
  /** Counts the snapshots of a subscription from 1. */
  readonly sequence: number;
  /** Milliseconds of the worker's monotonic clock. */
  readonly timestamp: number;
  /** Snapshots that were left out since the subscription began, because this side was behind. */
  readonly skipped: number;
  /** How many objects it is of. */
  readonly size: number;
  readonly #chunks: SnapshotTable[];
  #objects: Map<string, ObjectStat> | undefined;

  /** @internal All chunks of one snapshot, in order. */
  constructor(chunks: SnapshotTable[]) {
    const last = chunks[chunks.length - 1] as SnapshotTable;
    this.sequence = last.sequence();
    this.timestamp = Number(last.timestampMs());
    this.skipped = last.skipped();
    this.size = chunks.reduce((sum, chunk) => sum + chunk.objectsLength(), 0);
    this.#chunks = chunks;
  }

  /** The object of this id; '' stands for the worker. */
  get(id: string): ObjectStat | undefined {
    return this.#all().get(id);
  }

  /** All objects of one kind. */
  *of<Kind extends ObjectKind>(kind: Kind): Generator<ObjectStat<Kind>> {
    for (const object of this) if (object.kind === kind) yield object as ObjectStat<Kind>;
  }

  [Symbol.iterator](): Iterator<ObjectStat> {
    return this.#all().values();
  }

  #all(): Map<string, ObjectStat> {
    if (this.#objects) return this.#objects;
    const objects = new Map<string, ObjectStat>();
    for (const chunk of this.#chunks) {
      for (let index = 0; index < chunk.objectsLength(); index += 1) {
        const table = chunk.objects(index);
        const kind = table && statsKinds[table.kind()];
        // A newer worker may know more kinds.
        if (!kind) continue;
        const object = new ObjectStat(table, kind);
        objects.set(object.id, object);
      }
    }
    this.#objects = objects;
    return objects;
  }
}

function decode(table: ObjectStats, kind: ObjectKind): StatsByKind[ObjectKind] {
  switch (table.bodyType()) {
    case ObjectStatsBody.WorkerStats:
      return decodeWorkerStats((table.body(new WorkerStats()) as WorkerStats).unpack());
    case ObjectStatsBody.TransportStats:
      return [decodeTransport(table.body(new TransportStats()) as TransportStats)];
    case ObjectStatsBody.StreamStatsOfOne: {
      const { streams } = (table.body(new StreamStatsOfOne()) as StreamStatsOfOne).unpack();
      const type = kind === 'consumer' ? 'outbound-rtp' : 'inbound-rtp';
      return streams.map((stream) => decodeStreamStats(stream, type));
    }
    case ObjectStatsBody.DataProducerStats:
      return [
        decodeDataProducerStats(
          (table.body(new DataProducerStats()) as DataProducerStats).unpack(),
        ),
      ];
    case ObjectStatsBody.DataConsumerStats:
      return [
        decodeDataConsumerStats(
          (table.body(new DataConsumerStats()) as DataConsumerStats).unpack(),
        ),
      ];
    default:
      return [];
  }
}

function decodeTransport(table: TransportStats): StatsByKind['transport'][0] {
  const stats = table.unpack();
  switch (String(stats.kind)) {
    case 'plain':
      return decodePlainStats(stats, 'plain-rtp-transport');
    case 'pipe':
      return decodePlainStats(stats, 'pipe-transport');
    case 'direct':
      return decodeDirectStats(stats);
    default:
      return decodeTransportStats(stats);
  }
}

/** Puts the chunks of snapshots together. */
export class SnapshotAssembler {
  #chunks: SnapshotTable[] = [];

  /** A whole snapshot, if this chunk completes one. What an incomplete one left is dropped. */
  push(chunk: SnapshotTable): StatsSnapshot | undefined {
    if (chunk.chunk() !== this.#chunks.length) this.#chunks = [];
    if (chunk.chunk() !== this.#chunks.length) return undefined;
    this.#chunks.push(chunk);
    if (!chunk.isLast()) return undefined;
    const snapshot = new StatsSnapshot(this.#chunks);
    this.#chunks = [];
    return snapshot;
  }
}

/** By the names of the schema. */
export function encodeStatsKinds(kinds: ObjectKind[]): StatsKind[] {
  return kinds.map((kind) => statsKinds.indexOf(kind) as StatsKind);
}
