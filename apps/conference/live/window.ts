// What the page holds: the points of the last ten minutes, and which part of them is looked at.

import type { LiveAnswer, LivePoint } from '../protocol/live';

export interface View {
  points: LivePoint[];
  // Milliseconds since 1970 at the left and the right edge.
  from: number;
  to: number;
  // The point under the pointer, in all charts at once.
  cursor: LivePoint | null;
  delayBoundsUs: number[];
}

export class Window {
  // Of what server the points are.
  life: string | null = null;
  version = '';
  // How much is shown, in milliseconds.
  spanMs = 120_000;
  private points: LivePoint[] = [];
  private bounds: number[] = [];
  private keptMs = 600_000;
  private cursorDate: number | null = null;

  get last(): LivePoint | null {
    return this.points[this.points.length - 1] ?? null;
  }

  take(answer: LiveAnswer): void {
    if (answer.life !== this.life) this.points = [];
    this.life = answer.life;
    this.version = answer.version;
    this.keptMs = answer.keptSeconds * 1000;
    this.bounds = answer.delayBoundsUs;
    const newest = this.last?.number ?? 0;
    this.points.push(...answer.points.filter(({ number }) => number > newest));
    const oldest = (this.last?.date ?? 0) - this.keptMs;
    this.points = this.points.filter(({ date }) => date > oldest);
  }

  // Where the pointer is, from 0 at the left to 1 at the right; null if it is nowhere.
  point(at: number | null): void {
    const to = this.last?.date ?? 0;
    this.cursorDate = at === null ? null : to - this.spanMs * (1 - at);
  }

  view(): View {
    const to = this.last?.date ?? 0;
    const from = to - this.spanMs;
    // One more than fits, so that lines come in from the edge.
    const first = this.points.findIndex(({ date }) => date >= from);
    const points = first === -1 ? [] : this.points.slice(Math.max(0, first - 1));
    return { points, from, to, cursor: this.nearest(points), delayBoundsUs: this.bounds };
  }

  private nearest(points: LivePoint[]): LivePoint | null {
    const { cursorDate } = this;
    if (cursorDate === null) return null;
    return points.reduce<LivePoint | null>((best, point) => {
      const distance = Math.abs(point.date - cursorDate);
      return best && Math.abs(best.date - cursorDate) <= distance ? best : point;
    }, null);
  }
}

// The mean of what is known of the last seconds; null if nothing is.
export function meanOf(
  points: LivePoint[],
  seconds: number,
  read: (point: LivePoint) => number | null,
): number | null {
  const known = points.slice(-seconds).flatMap((point) => read(point) ?? []);
  if (known.length === 0) return null;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

// How long `share` of what was counted took at the most. Within a cell the logarithm is taken to be
// even; what is beyond all bounds took as long as the last. Null if nothing was counted.
export function percentileOf(counts: number[], boundsUs: number[], share: number): number | null {
  const total = counts.reduce((sum, value) => sum + value, 0);
  if (total === 0 || boundsUs.length === 0) return null;
  let below = 0;
  for (const [i, here] of counts.entries()) {
    if (below + here >= share * total && here > 0) {
      const high = boundsUs[Math.min(i, boundsUs.length - 1)] ?? 0;
      const low = i === 0 ? high / 2 : (boundsUs[i - 1] ?? high);
      return low * (high / low) ** ((share * total - below) / here);
    }
    below += here;
  }
  return boundsUs[boundsUs.length - 1] ?? null;
}

export function sumOf(lists: number[][]): number[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) =>
    lists.reduce((sum, list) => sum + (list[i] ?? 0), 0),
  );
}
