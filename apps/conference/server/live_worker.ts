// One worker process, and what is known of it.
//
// A LiveWorker stands for one process, not for a place in the pool. When the process dies, whoever
// still holds its LiveWorker holds something dead, and cannot mistake the successor for it.

import type { Clock } from './clock';
import type { EngineWebRtcServer, EngineWorker, EngineWorkerStats } from './engine';
import { cpuBetween, loadOf, percentileUs } from './load_score';
import type { Load } from './load_score';
import { reasonOf } from './log';
import type { Log } from './log';

// A healthy worker answers within a turn of its loop, some milliseconds. Who asked should not have to
// wait for one that is stuck.
const kAnswerMs = 500;
// An answer this young is not asked for again: the worker is asked four times a second at the most,
// however many want to know.
const kFreshMs = 250;

export class LiveWorker {
  peers = 0;
  rooms = 0;
  // Share of one core used between the last two answers.
  cpu = 0;
  alive = true;
  // Its successor is there; nobody new comes here.
  draining = false;
  // It answered the last question in time.
  responds = true;
  // The last answer.
  stats: EngineWorkerStats | null = null;
  private turnUs = 0;
  private peersThen = 0;
  private answeredAt = Number.NEGATIVE_INFINITY;
  private asked: Promise<void> | null = null;

  constructor(
    readonly index: number,
    readonly worker: EngineWorker,
    readonly webRtcServer: EngineWebRtcServer,
    readonly bornAt: number,
  ) {}

  get load(): Load {
    const { cpu, turnUs, stats } = this;
    const consumers = stats?.consumers ?? 0;
    return loadOf({ cpu, turnUs, consumers, arrived: this.peers - this.peersThen });
  }

  // Resolves when `stats` are fresh, or are not to be had. Of those who ask at one time, one asks the
  // worker; a worker that owes an answer is not asked again.
  async refresh(clock: Clock, log: Log): Promise<void> {
    if (clock.now() - this.answeredAt < kFreshMs) return;
    this.asked ??= this.ask(clock, log).finally(() => (this.asked = null));
    const { asked } = this;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(kAnswerMs, () => {
        this.responds = false;
        resolve();
      });
      void asked.then(() => {
        cancel();
        resolve();
      });
    });
  }

  private async ask(clock: Clock, log: Log): Promise<void> {
    try {
      this.take(await this.worker.getStats());
      this.answeredAt = clock.now();
      this.responds = true;
    } catch (error) {
      this.responds = false;
      log.debug(`worker ${this.index} gave no statistics`, { reason: reasonOf(error) });
    }
  }

  private take(now: EngineWorkerStats): void {
    const before = this.stats;
    this.cpu = cpuBetween(now, before) ?? this.cpu;
    this.turnUs = percentileUs(now.turnTime, before?.turnTime ?? null, 0.99);
    this.peersThen = this.peers;
    this.stats = now;
  }
}
