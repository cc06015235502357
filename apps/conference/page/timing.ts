// Time as something that is handed in: the real clock in the page, a hand-wound one in tests.

export interface Timing {
  // Milliseconds that never go backwards.
  now(): number;
  // Runs `task` once; the returned function cancels it.
  after(delayMs: number, task: () => void): () => void;
}

export const pageTiming: Timing = {
  now: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
