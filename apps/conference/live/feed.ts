// Where the numbers come from: /live.json once a second, only what is news.

import type { LiveAnswer } from '../protocol/live';

const kPeriodMs = 1000;
const kPatienceMs = 5000;
// A server that does not answer is asked less often.
const kSlowestMs = 8000;

export type FeedState =
  | { kind: 'live' }
  // Nothing comes, but it may come back.
  | { kind: 'lost'; reason: string }
  // Only with a token, and the one that was given, if one was, is wrong.
  | { kind: 'locked'; wrong: boolean }
  // Not from this machine, whatever is given.
  | { kind: 'forbidden'; reason: string };

export interface FeedSurroundings {
  // Rejects if there is no answer.
  ask: (url: string, headers: Record<string, string>) => Promise<FeedResponse>;
  after: (ms: number, task: () => void) => void;
  position: () => { life: string | null; since: number };
  onAnswer: (answer: LiveAnswer) => void;
  onState: (state: FeedState) => void;
}

export interface FeedResponse {
  status: number;
  body: unknown;
}

export class Feed {
  private failures = 0;

  constructor(
    private readonly around: FeedSurroundings,
    private token: string | null,
  ) {}

  start(): void {
    void this.turn();
  }

  unlock(token: string): void {
    this.token = token;
    void this.turn();
  }

  private async turn(): Promise<void> {
    const { after, onState } = this.around;
    const state = await this.ask();
    onState(state);
    // A person has to do something first.
    if (state.kind === 'locked' || state.kind === 'forbidden') return;
    this.failures = state.kind === 'lost' ? this.failures + 1 : 0;
    after(Math.min(kSlowestMs, kPeriodMs * 2 ** Math.max(0, this.failures - 1)), () => {
      void this.turn();
    });
  }

  private async ask(): Promise<FeedState> {
    const { ask, position, onAnswer } = this.around;
    const { life, since } = position();
    const query = new URLSearchParams({ since: String(since), ...(life ? { life } : {}) });
    const headers: Record<string, string> =
      this.token === null ? {} : { Authorization: `Bearer ${this.token}` };
    try {
      const { status, body } = await ask(`/live.json?${query}`, headers);
      if (status === 401) return { kind: 'locked', wrong: this.token !== null };
      if (status === 403) return { kind: 'forbidden', reason: detailOf(body) };
      if (status !== 200) return { kind: 'lost', reason: `The server answered ${status}.` };
      onAnswer(body as LiveAnswer);
      return { kind: 'live' };
    } catch {
      return { kind: 'lost', reason: 'The server does not answer.' };
    }
  }
}

function detailOf(body: unknown): string {
  const { detail } = (body ?? {}) as { detail?: unknown };
  return typeof detail === 'string' ? detail : 'This page is not for you.';
}

export async function askByFetch(
  url: string,
  headers: Record<string, string>,
): Promise<FeedResponse> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), kPatienceMs);
  try {
    const response = await fetch(url, { headers, cache: 'no-store', signal: patience.signal });
    return { status: response.status, body: (await response.json()) as unknown };
  } finally {
    clearTimeout(timer);
  }
}
