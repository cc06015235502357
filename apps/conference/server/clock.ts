// Time as something that is handed in: the real clock in the server, a hand-wound one in tests.

export interface Clock {
  // Milliseconds that never go backwards.
  now(): number;
  // Runs `task` once, or again and again; the returned function cancels it.
  after(delayMs: number, task: () => void): () => void;
  every(periodMs: number, task: () => void): () => void;
}

// What a timer of Node holds is 2^31 - 1 ms, 24 days; a longer one would run at once.
const kLongestTimerMs = 2_000_000_000;

// As clock.after(), for any delay.
export function afterLong(clock: Clock, delayMs: number, task: () => void): () => void {
  if (delayMs <= kLongestTimerMs) return clock.after(delayMs, task);
  let cancel = clock.after(kLongestTimerMs, () => {
    cancel = afterLong(clock, delayMs - kLongestTimerMs, task);
  });
  return () => cancel();
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, task) {
    const timer = setInterval(task, periodMs);
    return () => clearInterval(timer);
  },
};
