// Server-sent events of WHEP sessions (draft-ietf-wish-whep, "Server Sent Events extension").
//
// A reader who comes gets the state of things, and then what changes. So nothing waits for readers
// who are not there, and whoever reads too slowly is cut off and finds out when it comes back.

import { randomBytes } from 'node:crypto';

import type { Clock } from '../clock';
import { problem, tryLater } from '../http_problem';
import type { WhipSession } from './session';

export const kEvents = ['active', 'inactive', 'layers', 'viewercount'] as const;
export type WhepEvent = (typeof kEvents)[number];

// A player has one; another one is for whoever looks over its shoulder.
const kMaxPerSession = 4;
// Of which each costs a look at the layers every second.
const kMaxStreams = 256;
const kLookMs = 1000;
// Proxies close what is silent for a minute.
const kLooksUntilComment = 15;
// An event has some hundred bytes; this is minutes of them.
const kMaxQueuedBytes = 64 * 1024;

// A connection that a reader keeps open.
export interface EventSink {
  readonly queuedBytes: number;
  write(text: string): void;
  end(): void;
  onClose(listener: () => void): void;
}

export interface EventCounts {
  streams: number;
  // Since the start.
  slowReaders: number;
}

interface EventStream {
  session: WhipSession;
  wanted: ReadonlySet<WhepEvent>;
  sink: EventSink | null;
  // What its reader knows, by event; one entry for active and inactive.
  told: Map<string, string>;
  quietLooks: number;
}

export interface EventStreamsSetup {
  clock: Clock;
  // How many watch the same as this session.
  viewersOf: (session: WhipSession) => number;
}

export class EventStreams {
  private readonly streams = new Map<string, EventStream>();
  // Sessions whose layers are being asked for.
  private readonly looking = new Set<WhipSession>();
  private slowReaders = 0;
  private stopLooking: (() => void) | null = null;

  constructor(private readonly setup: EventStreamsSetup) {}

  counts(): EventCounts {
    return { streams: this.streams.size, slowReaders: this.slowReaders };
  }

  // Returns its id. Throws 429 or 503.
  create(session: WhipSession, wanted: readonly WhepEvent[]): string {
    const own = [...this.streams.values()].filter((stream) => stream.session === session);
    if (own.length >= kMaxPerSession) {
      throw tryLater(429, 5, `This session has ${kMaxPerSession} event streams already.`);
    }
    if (this.streams.size >= kMaxStreams) {
      throw tryLater(503, 5, `This server is full (${kMaxStreams} event streams).`);
    }
    const id = randomBytes(24).toString('base64url');
    const fresh = { session, wanted: new Set(wanted), sink: null, told: new Map(), quietLooks: 0 };
    this.streams.set(id, fresh);
    return id;
  }

  has(session: WhipSession, id: string): boolean {
    return this.streams.get(id)?.session === session;
  }

  // A reader in the place of the one before, if there was one.
  attach(id: string, sink: EventSink): void {
    const stream = this.streams.get(id);
    if (!stream) return sink.end();
    stream.sink?.end();
    [stream.sink, stream.told, stream.quietLooks] = [sink, new Map(), 0];
    sink.onClose(() => this.detach(stream, sink));
    this.stopLooking ??= this.setup.clock.every(kLookMs, () => this.look());
    void this.tellSession(stream.session);
  }

  // Throws 404.
  delete(session: WhipSession, id: string): void {
    if (!this.has(session, id)) throw problem(404, 'There is no such event stream.');
    this.drop(id);
  }

  // Its session is over; readers learn so, unless it was by their own wish.
  endOf(session: WhipSession, reason: string): void {
    for (const [id, stream] of [...this.streams]) {
      if (stream.session !== session) continue;
      if (reason !== 'deleted' && stream.told.get('activity') === 'active') {
        this.tell(stream, 'inactive', {}, 'activity');
      }
      this.drop(id);
    }
  }

  private drop(id: string): void {
    const stream = this.streams.get(id);
    this.streams.delete(id);
    stream?.sink?.end();
    this.rest();
  }

  private detach(stream: EventStream, sink: EventSink): void {
    if (stream.sink === sink) stream.sink = null;
    this.rest();
  }

  // Without readers there is nothing to look for.
  private rest(): void {
    if ([...this.streams.values()].some(({ sink }) => sink !== null)) return;
    this.stopLooking?.();
    this.stopLooking = null;
  }

  private look(): void {
    const read = [...this.streams.values()].filter(({ sink }) => sink !== null);
    for (const session of new Set(read.map((stream) => stream.session))) {
      void this.tellSession(session);
    }
    for (const stream of read) {
      stream.quietLooks += 1;
      if (stream.quietLooks >= kLooksUntilComment) this.write(stream, ':\n\n');
    }
  }

  // Never rejects: what cannot be found out now is looked for again in a second.
  private async tellSession(session: WhipSession): Promise<void> {
    const { watched } = session;
    const streams = this.readersOf(session);
    if (!watched || streams.length === 0) return;
    const isActive = watched.isActive();
    for (const stream of streams) {
      // Whoever comes while nothing flows is not told so (the draft, "inactive event").
      if (isActive) this.tell(stream, 'active', {}, 'activity');
      else if (stream.told.has('activity')) this.tell(stream, 'inactive', {}, 'activity');
      this.tell(stream, 'viewercount', { viewercount: this.setup.viewersOf(session) });
    }
    if (this.looking.has(session)) return;
    if (!streams.some(({ wanted }) => wanted.has('layers'))) return;
    this.looking.add(session);
    try {
      const layers = await watched.layers();
      for (const stream of this.readersOf(session)) this.tell(stream, 'layers', layers);
    } catch {
      // The producer has just ended, and soon the session will have.
    } finally {
      this.looking.delete(session);
    }
  }

  private readersOf(session: WhipSession): EventStream[] {
    return [...this.streams.values()].filter((one) => one.session === session && one.sink);
  }

  // `about` is what changes, if that is not the event itself.
  private tell(stream: EventStream, event: WhepEvent, data: object, about: string = event): void {
    const json = JSON.stringify(data);
    const state = about === event ? json : event;
    if (stream.told.get(about) === state) return;
    stream.told.set(about, state);
    if (stream.wanted.has(event)) this.write(stream, `event: ${event}\ndata: ${json}\n\n`);
  }

  private write(stream: EventStream, text: string): void {
    const { sink } = stream;
    if (!sink) return;
    stream.quietLooks = 0;
    sink.write(text);
    if (sink.queuedBytes <= kMaxQueuedBytes) return;
    this.slowReaders += 1;
    sink.end();
    this.detach(stream, sink);
  }
}
