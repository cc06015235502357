// How loaded a worker is, from 0 to 1, and by what. New people go where it is lowest.
//
// A worker has one thread, so three things can be full, and the fullest decides:
//
//   processor  Above 0.7 of a core bursts queue, and a key frame for everybody needs the rest
//              (docs/sizing.md). People who came since the last measurement have not begun to cost
//              anything; each counts as a member of a room of 12 will, of whom a core carries 70.
//   loop       When one turn in a hundred works for 10 ms, packets wait as long as between two
//              pictures of a fast camera: more people would be heard late before the core is full.
//   streams    So many consumers have been measured nowhere on one core. It keeps apart what is
//              paused now and would all cost at once if it were resumed.

import type { EngineHistogram, EngineWorkerStats } from './engine';

const kCpuBudget = 0.7;
const kPeoplePerCore = 70;
const kSlowTurnUs = 10_000;
const kMostConsumers = 4_000;

export type LoadReason = 'processor' | 'loop' | 'streams';

export interface Load {
  // 0 is idle, at 1 nobody more should come.
  score: number;
  // What decides, and each by itself, not bounded.
  reason: LoadReason;
  parts: Record<LoadReason, number>;
}

export interface LoadFacts {
  // Share of a core.
  cpu: number;
  // Of the turns that ended since the last measurement, 99 of 100 took no longer.
  turnUs: number;
  consumers: number;
  // People who came since the measurement.
  arrived: number;
}

export function loadOf({ cpu, turnUs, consumers, arrived }: LoadFacts): Load {
  const parts = {
    processor: cpu / kCpuBudget + Math.max(0, arrived) / kPeoplePerCore,
    loop: turnUs / kSlowTurnUs,
    streams: consumers / kMostConsumers,
  };
  const reasons = Object.keys(parts) as LoadReason[];
  const reason = reasons.reduce((most, one) => (parts[one] > parts[most] ? one : most));
  return { score: Math.min(1, Math.max(0, parts[reason])), reason, parts };
}

// Differences below a tenth are noise of the measurement: within it people and rooms decide, which
// are known exactly.
export function loadBand({ score }: Load): number {
  return Math.floor(score * 10 + 1e-9);
}

// The bound that `share` of what was counted between two readings did not exceed; the last bound
// stands for all that is beyond it, and 0 for nothing at all.
export function percentileUs(
  now: EngineHistogram,
  before: EngineHistogram | null,
  share: number,
): number {
  const counts = now.counts.map((count, i) => count - (before?.counts[i] ?? 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0) return 0;
  let seen = 0;
  for (const [i, count] of counts.entries()) {
    seen += count;
    if (seen >= share * total) return now.boundsUs[Math.min(i, now.boundsUs.length - 1)] ?? 0;
  }
  return 0;
}

// Share of a core between two readings; null if it cannot be told.
export function cpuBetween(
  now: EngineWorkerStats,
  before: EngineWorkerStats | null,
): number | null {
  if (before === null || now.timestamp <= before.timestamp) return null;
  const used = (stat: EngineWorkerStats) => stat.userTimeUs + stat.systemTimeUs;
  return Math.max(0, (used(now) - used(before)) / 1000 / (now.timestamp - before.timestamp));
}
