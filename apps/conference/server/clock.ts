// Time as something that is handed in: the real clock in the server, a hand-wound one in tests.

export interface Clock {
  // Milliseconds that never go backwards.
  now(): number;
  // Runs `task` once, or again and again; the returned function cancels it.
  after(delayMs: number, task: () => void): () => void;
  every(periodMs: number, task: () => void): () => void;
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
