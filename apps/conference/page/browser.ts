// The few things of the browser that may be forbidden, each with an answer for when it is.

const kPrefix = 'sluice.';

// Private windows and strict settings make storage throw; then nothing is remembered.
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(kPrefix + key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(kPrefix + key, value);
  } catch {
    // Forgetting is the answer.
  }
}

// True if the page is on its way to load anew. A server that is not updated after all would
// otherwise make it reload for ever, so it happens at most once a minute.
export function reloadOnce(): boolean {
  const key = `${kPrefix}reloaded`;
  try {
    const last = Number(sessionStorage.getItem(key) ?? 0);
    if (Date.now() - last < 60_000) return false;
    sessionStorage.setItem(key, String(Date.now()));
  } catch {
    return false;
  }
  location.reload();
  return true;
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // Insecure pages have no clipboard.
  }
}

// Whether the server would not even serve the page of this room, because it is about to end.
export async function isDraining(room: string): Promise<boolean> {
  try {
    const page = `/r/${encodeURIComponent(room)}`;
    const { status } = await fetch(page, { method: 'HEAD', cache: 'no-store' });
    return status === 503;
  } catch {
    return false;
  }
}
