// Snapshots at intervals, for the objects that have them: a worker, a router, a transport.
import {
  NotificationBody,
  RequestBody,
  StatsSnapshot as SnapshotTable,
  SubscribeStatsT,
  UnsubscribeStatsT,
} from './generated/schema.js';
import { asDictionary, asInteger, asList, asOneOf } from './ortc/fields.js';
import {
  encodeStatsKinds,
  SnapshotAssembler,
  statsKinds,
  type ObjectKind,
  type StatsSnapshot,
} from './stats_snapshot.js';
import type { Channel } from './wire/channel.js';

const defaultInterval = 1000;
const leastInterval = 100;
const mostInterval = 3_600_000;

export interface StatsSubscriptionOptions {
  /** Milliseconds from snapshot to snapshot: 100 to 3,600,000; 1,000 if missing. */
  interval?: number;
  /** Which objects; all if missing. 'worker' is only to be had of the worker. */
  kinds?: ObjectKind[];
}

export type StatsEvents = {
  /** Once in each interval of `subscribeStats()`. */
  stats: [StatsSnapshot];
};

export class StatsSubscription {
  readonly #channel: Channel;
  readonly #target: string;
  readonly #onSnapshot: (snapshot: StatsSnapshot) => void;

  /** `target` '' stands for the worker. */
  constructor(channel: Channel, target: string, onSnapshot: (snapshot: StatsSnapshot) => void) {
    this.#channel = channel;
    this.#target = target;
    this.#onSnapshot = onSnapshot;
  }

  /**
   * Takes the place of the subscription before. Rejects with a TypeError for an interval or a kind
   * that cannot be.
   */
  async subscribe(options: StatsSubscriptionOptions = {}): Promise<void> {
    asDictionary(options, 'options');
    const interval = options.interval ?? defaultInterval;
    const body = new SubscribeStatsT(
      asInteger(interval, 'interval', leastInterval, mostInterval),
      encodeStatsKinds(this.#kindsOf(options)),
    );
    await this.#channel.call({
      method: RequestBody.SubscribeStats,
      target: this.#target,
      body,
      apply: () => this.#listen(),
      applyLate: () => this.#listen(),
    });
  }

  async unsubscribe(): Promise<void> {
    const apply = (): void => this.end();
    await this.#channel.call({
      method: RequestBody.UnsubscribeStats,
      target: this.#target,
      body: new UnsubscribeStatsT(),
      apply,
      applyLate: apply,
    });
  }

  /** The object is gone, and the subscription with it. */
  end(): void {
    this.#channel.unlistenToTable(this.#target, NotificationBody.StatsSnapshot);
  }

  #kindsOf({ kinds }: StatsSubscriptionOptions): ObjectKind[] {
    const known = this.#target === '' ? statsKinds : statsKinds.filter((kind) => kind !== 'worker');
    return asList(kinds, 'kinds', statsKinds.length, (kind, where) => asOneOf(kind, where, known));
  }

  // Of what a subscription before this one began to tell nothing follows.
  #listen(): void {
    const assembler = new SnapshotAssembler();
    this.#channel.listenToTable(this.#target, NotificationBody.StatsSnapshot, (notification) => {
      const chunk = notification.body(new SnapshotTable()) as SnapshotTable;
      const snapshot = assembler.push(chunk);
      if (snapshot) this.#onSnapshot(snapshot);
    });
  }
}
