// What watches a transport from outside: statistics by subscription, and a trace of its packets.
import { RequestBody, StopPacketTraceT } from './generated/schema.js';
import { checkPacketTraceOptions, PacketTrace, type PacketTraceOptions } from './packet_trace.js';
import type { StatsSnapshot } from './stats_snapshot.js';
import { StatsSubscription } from './stats_subscription.js';
import type { Channel } from './wire/channel.js';

export class TransportWatch {
  readonly stats: StatsSubscription;
  readonly #channel: Channel;
  readonly #target: string;
  #trace: PacketTrace | undefined;

  constructor(channel: Channel, target: string, onSnapshot: (snapshot: StatsSnapshot) => void) {
    this.#channel = channel;
    this.#target = target;
    this.stats = new StatsSubscription(channel, target, onSnapshot);
  }

  /**
   * Rejects with a TypeError for an option that cannot be, and with a ResourceExhaustedError if the
   * worker has 16 traces already.
   */
  async enablePacketTrace(options: PacketTraceOptions): Promise<PacketTrace> {
    const checked = checkPacketTraceOptions(options);
    return this.#channel.call({
      method: RequestBody.StartPacketTrace,
      target: this.#target,
      body: checked.body,
      // The last that a trace before this one had to tell has come by now.
      apply: () => {
        this.#trace = new PacketTrace(this.#channel, this.#target, checked);
        return this.#trace;
      },
      applyLate: () => this.#stopUnwanted(),
    });
  }

  transportClosed(): void {
    this.stats.end();
    this.#trace?.transportClosed();
  }

  // Nobody has it, because its promise was rejected.
  #stopUnwanted(): void {
    const body = new StopPacketTraceT();
    const { StopPacketTrace: method } = RequestBody;
    const call = { method, target: this.#target, body, apply: () => undefined };
    this.#channel.call(call).catch(() => undefined);
  }
}
