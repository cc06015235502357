// Waiting for what will become true, and saying what was there instead when it does not.

const kPeriodMs = 50;

// Asks `look` until it answers something truthy, and returns that. `look` may throw while a page is
// on its way from one document to the next; only the deadline ends the wait.
export async function until(what, look, { within = 15_000, every = kPeriodMs, seen } = {}) {
  const deadline = performance.now() + within;
  let failure = null;
  for (;;) {
    try {
      const found = await look();
      if (found) return found;
      failure = null;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, every));
  }
  const reason = failure ? `: ${failure.message}` : '';
  const last = seen ? `; last seen: ${JSON.stringify(await seen().catch(String), null, 1)}` : '';
  throw new Error(`${what}: not within ${within} ms${reason}${last}`);
}
