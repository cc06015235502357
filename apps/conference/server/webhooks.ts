// Tells other programs what happens in the rooms: an HTTP POST for each event, signed.
//
// Events of one room arrive in their order: the next one waits until the one before it was taken or
// given up. What cannot be delivered is repeated a few times, and what there is no space for is
// counted and left out. Nothing here is waited for by anybody in a room.

import { createHmac, randomUUID } from 'node:crypto';

import type { RoomObserver } from './conference';
import type { Clock } from './clock';
import { reasonOf } from './log';
import type { Log } from './log';
import { withoutQuery } from './option_values';
import type { Peer, Sent } from './peer';
import type { RoomWatcher } from './room';

export const kSignatureHeader = 'Sluice-Signature';
// Of one receiver, over all rooms.
export const kMaxQueued = 2000;
// Requests to one receiver at a time, each of another room.
export const kMaxInFlight = 8;
export const kTimeoutMs = 5000;
// After each failure: half a minute in all, then the event is given up.
export const kRetryDelaysMs = [1000, 2000, 4000, 8000, 16_000];

export type EventName =
  | 'room_started'
  | 'room_finished'
  | 'participant_joined'
  | 'participant_left'
  | 'track_published'
  | 'track_unpublished';

export interface WebhookCounters {
  queued: number;
  delivered: number;
  // Attempts that failed, whether or not a later one succeeded.
  failedAttempts: number;
  // Events that no attempt delivered.
  givenUp: number;
  // Events for which there was no space.
  dropped: number;
}

// Resolves with the status, rejects if there is none. Must end when the signal says so.
export type Post = (
  url: string,
  headers: Record<string, string>,
  body: string,
  signal: AbortSignal,
) => Promise<number>;

export interface WebhookOptions {
  urls: string[];
  secret: string;
  clock: Clock;
  // Milliseconds since 1970.
  wallClock: () => number;
  post: Post;
  log: Log;
}

// RFC 2104 over the time and the body, so that an old request cannot be sent again later:
// "t=SECONDS,v1=HEX", where HEX is of `SECONDS.BODY`.
export function signatureOf(secret: string, seconds: number, body: string): string {
  const hex = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${hex}`;
}

// With Node's own client. Redirects are not followed: the receiver is who the operator named.
export const postByFetch: Post = async (url, headers, body, signal) => {
  const request = { method: 'POST', headers, body, signal, redirect: 'manual' } as const;
  const answer = await fetch(url, request).catch((error: Error) => {
    // What fetch() says is that it failed; why is one further down.
    throw error.cause instanceof Error ? error.cause : error;
  });
  await answer.body?.cancel();
  return answer.status;
};

export class Webhooks implements RoomObserver {
  private readonly receivers: Receiver[];

  constructor(private readonly options: WebhookOptions) {
    this.receivers = options.urls.map((url) => new Receiver(url, options));
  }

  get counters(): WebhookCounters {
    const sum: WebhookCounters = {
      queued: 0,
      delivered: 0,
      failedAttempts: 0,
      givenUp: 0,
      dropped: 0,
    };
    for (const { counters } of this.receivers) {
      for (const key of Object.keys(sum) as (keyof WebhookCounters)[]) sum[key] += counters[key];
    }
    return sum;
  }

  roomStarted(room: string): RoomWatcher {
    this.tell('room_started', room, {});
    return {
      personJoined: (peer) =>
        this.tell('participant_joined', room, { participant: personOf(peer) }),
      personLeft: (peer) => {
        for (const sent of peer.producers.values()) this.trackEnded(room, peer, sent);
        this.tell('participant_left', room, { participant: personOf(peer) });
      },
      streamStarted: (peer, sent) =>
        this.tell('track_published', room, { participant: personOf(peer), track: trackOf(sent) }),
      streamEnded: (_, peer, sent) => this.trackEnded(room, peer, sent),
    };
  }

  roomEnded(room: string): void {
    this.tell('room_finished', room, {});
  }

  // Gives what is queued a moment, then gives it up.
  async close(patienceMs: number): Promise<void> {
    let cancel: () => void = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.options.clock.after(patienceMs, resolve);
    });
    await Promise.race([Promise.all(this.receivers.map((one) => one.whenIdle())), late]);
    cancel();
    for (const one of this.receivers) one.close();
  }

  private trackEnded(room: string, peer: Peer, sent: Sent): void {
    this.tell('track_unpublished', room, { participant: personOf(peer), track: trackOf(sent) });
  }

  private tell(event: EventName, room: string, facts: object): void {
    const id = randomUUID();
    const time = new Date(this.options.wallClock()).toISOString();
    const body = JSON.stringify({ id, event, time, room, ...facts });
    for (const receiver of this.receivers) receiver.add({ room, id, body });
  }
}

interface Item {
  room: string;
  id: string;
  body: string;
}

class Receiver {
  readonly counters: WebhookCounters = {
    queued: 0,
    delivered: 0,
    failedAttempts: 0,
    givenUp: 0,
    dropped: 0,
  };
  // Of each room what waits, the first being under way if the room is in `busy`.
  private readonly rooms = new Map<string, Item[]>();
  private readonly busy = new Set<string>();
  private readonly stops = new Set<() => void>();
  private waitingForIdle: Array<() => void> = [];
  private closed = false;

  constructor(
    private readonly url: string,
    private readonly options: WebhookOptions,
  ) {}

  add(item: Item): void {
    if (this.closed || this.counters.queued >= kMaxQueued) {
      this.counters.dropped += 1;
      if (this.counters.dropped === 1) this.complain('events are left out: too many wait', {});
      return;
    }
    this.counters.queued += 1;
    const items = this.rooms.get(item.room);
    if (items) items.push(item);
    else this.rooms.set(item.room, [item]);
    this.pump();
  }

  whenIdle(): Promise<void> {
    if (this.counters.queued === 0) return Promise.resolve();
    return new Promise((resolve) => this.waitingForIdle.push(resolve));
  }

  close(): void {
    this.closed = true;
    this.counters.givenUp += this.counters.queued;
    this.counters.queued = 0;
    this.rooms.clear();
    for (const stop of [...this.stops]) stop();
  }

  private pump(): void {
    for (const [room, items] of this.rooms) {
      if (this.busy.size >= kMaxInFlight) return;
      const [item] = items;
      if (!item || this.busy.has(room)) continue;
      this.busy.add(room);
      void this.deliver(item).then((delivered) => this.done(item, delivered));
    }
  }

  private done(item: Item, delivered: boolean): void {
    this.busy.delete(item.room);
    if (this.closed) return;
    this.counters.queued -= 1;
    if (delivered) this.counters.delivered += 1;
    else this.counters.givenUp += 1;
    const items = this.rooms.get(item.room) ?? [];
    items.shift();
    // Last in line again, so that one busy room does not keep the others waiting.
    this.rooms.delete(item.room);
    if (items.length > 0) this.rooms.set(item.room, items);
    this.pump();
    if (this.counters.queued > 0) return;
    for (const resolve of this.waitingForIdle.splice(0)) resolve();
  }

  // Never rejects.
  private async deliver(item: Item): Promise<boolean> {
    for (let attempt = 0; !this.closed; ++attempt) {
      const failure = await this.attempt(item, attempt);
      if (failure === null) return true;
      this.counters.failedAttempts += 1;
      const delay = kRetryDelaysMs[attempt];
      if (delay === undefined) {
        this.complain('an event was given up', { room: item.room, reason: failure });
        return false;
      }
      await this.pause(delay);
    }
    return false;
  }

  // Null if it was taken.
  private async attempt({ id, body }: Item, attempt: number): Promise<string | null> {
    const { secret, clock, wallClock, post } = this.options;
    const aborter = new AbortController();
    const stop = () => aborter.abort(new Error('there was no answer in time'));
    this.stops.add(stop);
    const cancel = clock.after(kTimeoutMs, stop);
    const headers = {
      'Content-Type': 'application/json',
      'User-Agent': 'sluice-conference',
      'Sluice-Event-Id': id,
      'Sluice-Attempt': String(attempt + 1),
      // Signed anew each time, or a late attempt would look like one that is repeated by somebody.
      [kSignatureHeader]: signatureOf(secret, Math.floor(wallClock() / 1000), body),
    };
    try {
      const status = await post(this.url, headers, body, aborter.signal);
      return status >= 200 && status < 300 ? null : `status ${status}`;
    } catch (error) {
      return reasonOf(error);
    } finally {
      cancel();
      this.stops.delete(stop);
    }
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.stops.delete(done);
        resolve();
      };
      const cancel = this.options.clock.after(delayMs, done);
      this.stops.add(done);
    });
  }

  private complain(text: string, facts: object): void {
    this.options.log.warn(`webhooks: ${text}`, { url: withoutQuery(this.url), ...facts });
  }
}

function personOf({ id, person }: Peer): object {
  const { name, identity, metadata } = person;
  return { id, name, identity, metadata };
}

function trackOf({ producer, source }: Sent): object {
  return { id: producer.id, source, kind: producer.kind };
}
