// When to tell the server that a stream is watched differently.
//
// More is asked for at once, because somebody is waiting for it. Less can wait: a window that is
// being dragged, or a tile that scrolls past, comes back, and each change costs a key frame.

import type { ConsumerWish } from '../protocol/messages';
import type { Choice } from './layer_choice';
import type { Timing } from './timing';

export const kLowerAfterMs = 1000;

interface Watched {
  wanted: Choice | null;
  told: Choice | null;
  // When less became enough; null while what was told is what is wanted.
  lowerSince: number | null;
}

export class ViewPlanner {
  private readonly streams = new Map<string, Watched>();
  private stopTimer: (() => void) | null = null;

  constructor(
    private readonly tell: (wishes: ConsumerWish[]) => void,
    private readonly timing: Timing,
  ) {}

  // Takes effect with the next flush().
  want(consumerId: string, choice: Choice): void {
    const stream = this.streams.get(consumerId) ?? { wanted: null, told: null, lowerSince: null };
    this.streams.set(consumerId, stream);
    stream.wanted = choice;
    if (!stream.told || isSame(choice, stream.told)) stream.lowerSince = null;
    else stream.lowerSince ??= this.timing.now();
  }

  forget(consumerId: string): void {
    this.streams.delete(consumerId);
  }

  // What is wanted of this stream, whether or not the server has been told yet.
  wantedOf(consumerId: string): Choice | null {
    return this.streams.get(consumerId)?.wanted ?? null;
  }

  toldOf(consumerId: string): Choice | null {
    return this.streams.get(consumerId)?.told ?? null;
  }

  // Tells what is due, all of it in one message.
  flush(): void {
    const wishes: ConsumerWish[] = [];
    for (const [consumerId, stream] of this.streams) {
      const next = this.due(stream);
      if (!next || (stream.told && isSame(next, stream.told))) continue;
      stream.told = next;
      if (stream.wanted && isSame(stream.wanted, next)) stream.lowerSince = null;
      wishes.push({ consumerId, ...next });
    }
    if (wishes.length > 0) this.tell(wishes);
    this.arm();
  }

  clear(): void {
    this.streams.clear();
    this.stopTimer?.();
    this.stopTimer = null;
  }

  // What may be told now: all that is more, and what is less if it has been so for long enough.
  private due({ wanted, told, lowerSince }: Watched): Choice | null {
    if (!wanted || !told) return wanted;
    const waited = lowerSince !== null && this.timing.now() - lowerSince >= kLowerAfterMs;
    if (waited) return wanted;
    return {
      spatialLayer: Math.max(wanted.spatialLayer, told.spatialLayer),
      temporalLayer: Math.max(wanted.temporalLayer, told.temporalLayer),
      paused: wanted.paused && told.paused,
      // Costs nothing to change.
      priority: wanted.priority,
    };
  }

  private arm(): void {
    this.stopTimer?.();
    this.stopTimer = null;
    const waiting = [...this.streams.values()].flatMap(({ lowerSince }) => lowerSince ?? []);
    if (waiting.length === 0) return;
    const delay = Math.min(...waiting) + kLowerAfterMs - this.timing.now();
    this.stopTimer = this.timing.after(Math.max(0, delay), () => this.flush());
  }
}

function isSame(a: Choice, b: Choice): boolean {
  return (
    a.spatialLayer === b.spatialLayer &&
    a.temporalLayer === b.temporalLayer &&
    a.paused === b.paused &&
    a.priority === b.priority
  );
}
