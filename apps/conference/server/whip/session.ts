// One WHIP or WHEP session: whose it is, its ICE session, and why it ends.

import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

import { afterLong } from '../clock';
import type { Clock } from '../clock';
import type { MediaListener, WatchedMedia, WhipMedia } from './media';
import { problem, tryLater } from '../http_problem';

// A client that has its answer connects within a second or two; OBS gives up after eight.
export const kConnectMs = 30_000;
// Requests to one session that wait for one another.
const kMaxPending = 16;

export interface SessionSetup {
  kind: 'publish' | 'watch';
  room: string;
  // As it calls itself, or its token does.
  name: string | null;
  // Undefined where no tokens are asked for.
  token: string | undefined;
  clock: Clock;
  // It is over: the store forgets it.
  onEnd: (session: WhipSession, reason: string) => void;
}

export class WhipSession implements MediaListener {
  // Not to be guessed: 192 bits.
  readonly id = randomBytes(24).toString('base64url');
  // What others know it by, as the id is for its owner.
  readonly publicId = randomUUID();
  // Milliseconds since 1970.
  readonly openedAt = Date.now();
  etag = freshTag();
  private media: WhipMedia | null = null;
  private isConnected = false;
  private isOver = false;
  private last: Promise<unknown> = Promise.resolve();
  private pending = 0;
  private readonly owner: Buffer | null;
  private stopDeadline: () => void = () => {};
  private stopExpiry: () => void = () => {};

  constructor(private readonly setup: SessionSetup) {
    this.owner = setup.token === undefined ? null : digest(setup.token);
  }

  get kind(): 'publish' | 'watch' {
    return this.setup.kind;
  }

  get room(): string {
    return this.setup.room;
  }

  get name(): string | null {
    return this.setup.name;
  }

  get over(): boolean {
    return this.isOver;
  }

  get live(): boolean {
    return this.isConnected && !this.isOver;
  }

  // Null before it has begun, and of those who publish.
  get watched(): WatchedMedia | null {
    return this.media?.watched ?? null;
  }

  // From here on it has to connect, and ends with its token.
  begin(media: WhipMedia, validForMs: number | null): void {
    this.media = media;
    // The media may have ended, or the server closed, before its answer was there.
    if (this.isOver) return media.close();
    if (!this.isConnected) {
      this.stopDeadline = this.setup.clock.after(kConnectMs, () => this.end('never connected'));
    }
    if (validForMs === null) return;
    const left = Math.max(0, validForMs);
    this.stopExpiry = afterLong(this.setup.clock, left, () => this.end('the token expired'));
  }

  connected(): void {
    this.isConnected = true;
    this.stopDeadline();
  }

  ended(reason: string): void {
    this.end(reason);
  }

  end(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopDeadline();
    this.stopExpiry();
    this.media?.close();
    this.setup.onEnd(this, reason);
  }

  // Whether this is the token that it was opened with.
  isOwner(token: string | undefined): boolean {
    return token !== undefined && this.owner !== null && timingSafeEqual(digest(token), this.owner);
  }

  // One after the other: a restart that is under way decides which ETag the next request must name.
  async inTurn<T>(task: (media: WhipMedia) => T | Promise<T>): Promise<T> {
    if (this.pending >= kMaxPending) {
      throw tryLater(429, 1, 'Too many requests to this session are waiting.');
    }
    this.pending += 1;
    const run = this.last.then(async () => {
      if (this.isOver || !this.media) throw over();
      try {
        return await task(this.media);
      } catch (error) {
        // What it was for has gone while it was under way.
        throw this.isOver ? over() : error;
      }
    });
    this.last = run.catch(() => undefined);
    try {
      return await run;
    } finally {
      this.pending -= 1;
    }
  }

  // Of another ICE session from here on.
  renewTag(): void {
    this.etag = freshTag();
  }
}

function over() {
  return problem(404, 'This session is over.');
}

// Strong (RFC 9110 §8.8.3).
function freshTag(): string {
  return `"${randomBytes(12).toString('base64url')}"`;
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
