// One WebSocket: frames in, answers and events out, and every limit on the way.
//
// A socket that breaks the protocol or talks too fast is closed, with a code that says why. A
// request that is merely wrong is answered with an error and the conversation goes on.

import { CloseCode } from '../protocol/messages';
import type {
  AnswerFrame,
  DismissalReason,
  EventName,
  Events,
  JoinRequest,
  RequestFrame,
} from '../protocol/messages';
import type { Clock } from './clock';
import type { Conference, Participant } from './conference';
import { reasonOf } from './log';
import type { Log } from './log';
import type { Peer, PeerMethod } from './peer';
import { Refusal } from './refusal';
import { parseData, parseFrame } from './schemas';
import { TokenBucket } from './token_bucket';

// The largest request is an SDP offer; a join has about 12 KiB with every codec a browser knows.
export const kMaxMessageBytes = 256 * 1024;
// A tab joining a room of 32 sends some 70 requests in its first second.
const kMessagesPerSecond = 30;
const kMessageBurst = 150;
// A long message counts for several: an offer of 190 kB made to be slow takes some 100 ms of this process,
// and thirty of those a second would be all of it. One of a page that sees 31 others counts for 7.
const kBytesPerMessage = 16 * 1024;
const kMaxPending = 32;
const kHeartbeatMs = 10_000;
// A socket that never joins holds memory for nothing.
const kJoinDeadlineMs = 30_000;
// A browser that reads this slowly is gone or hostile; what it missed cannot be made up.
const kMaxBacklogBytes = 1024 * 1024;

// The part of ws.WebSocket that is used here.
export interface Socket {
  readonly bufferedAmount: number;
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'pong' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export interface ConnectionOptions {
  room: string;
  conference: Conference;
  clock: Clock;
  log: Log;
}

export class Connection implements Participant {
  private peer: Peer | null = null;
  private joining = false;
  private closed = false;
  private pending = 0;
  private heard = true;
  private readonly bucket: TokenBucket;
  private readonly stopHeartbeat: () => void;
  private stopDeadline: () => void = () => {};

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions,
  ) {
    const { clock, log } = options;
    this.bucket = new TokenBucket(kMessagesPerSecond, kMessageBurst, clock.now());
    this.stopHeartbeat = clock.every(kHeartbeatMs, () => this.beat());
    this.startDeadline();
    socket.on('message', (data, isBinary) => this.receive(data, isBinary));
    socket.on('pong', () => (this.heard = true));
    socket.on('close', () => this.end());
    socket.on('error', (error) => log.debug('a socket failed', { reason: reasonOf(error) }));
  }

  send = <E extends EventName>(event: E, data: Events[E]): void => {
    this.write({ event, data });
  };

  forgetPeer(): void {
    this.peer = null;
    this.startDeadline();
  }

  replace(): void {
    this.peer = null;
    this.close(CloseCode.replaced, 'joined again from this tab');
  }

  dismiss(why: DismissalReason, message: string): void {
    this.send('dismissed', { why, message });
    this.close(CloseCode.dismissed, why);
  }

  close(code: number, reason: string): void {
    if (this.closed) return;
    this.socket.close(code, reason);
    this.end();
  }

  private end(): void {
    if (this.closed) return;
    this.closed = true;
    this.stopHeartbeat();
    this.stopDeadline();
    this.leave();
  }

  private leave(): void {
    const peer = this.peer;
    this.peer = null;
    if (peer) this.options.conference.leave(peer, this.options.room);
  }

  private receive(data: Buffer, isBinary: boolean): void {
    if (this.closed) return;
    this.heard = true;
    const cost = Math.ceil((data.length + 1) / kBytesPerMessage);
    if (!this.bucket.take(this.options.clock.now(), cost)) {
      this.options.log.warn('a socket talked too fast', { room: this.options.room });
      return this.close(CloseCode.tooFast, 'too many messages');
    }
    const frame = isBinary ? null : parseFrame(data.toString('utf8'));
    if (!frame) return this.close(CloseCode.badMessage, 'not a request of this protocol');
    if (this.pending >= kMaxPending) {
      const refusal = new Refusal('too_many_requests', 'Too many requests are waiting.');
      return this.answerError(frame, refusal);
    }
    this.pending += 1;
    void this.answer(frame).finally(() => (this.pending -= 1));
  }

  // Never rejects: whatever goes wrong becomes an error frame.
  private async answer(frame: RequestFrame): Promise<void> {
    try {
      const data = await this.perform(frame);
      if (frame.method !== 'join' && frame.method !== 'move')
        this.write({ id: frame.id, ok: true, data });
    } catch (error) {
      this.answerError(frame, error);
    }
  }

  private answerError(frame: RequestFrame, error: unknown): void {
    if (error instanceof Refusal) {
      const { code, message } = error;
      return this.write({ id: frame.id, ok: false, error: { code, message } });
    }
    // The engine's own words may speak of ports and paths; the log has them, the page does not.
    const { log, room } = this.options;
    log.warn('a request failed', { room, method: frame.method, reason: reasonOf(error) });
    const message = `The server could not do this (${frame.method}).`;
    this.write({ id: frame.id, ok: false, error: { code: 'internal', message } });
  }

  private async perform(frame: RequestFrame): Promise<unknown> {
    const data = parseData(frame.method, frame.data);
    switch (frame.method) {
      case 'ping':
        return {};
      case 'leave':
        this.leave();
        this.startDeadline();
        return {};
      case 'join':
        return this.join(frame.id, data as JoinRequest);
      case 'move':
        return this.move(frame.id);
      case 'completeMove':
        if (this.peer) await this.options.conference.completeMove(this.peer);
        return {};
      default: {
        if (!this.peer) throw new Refusal('not_joined', 'Join the room first.');
        return this.peer.handle(frame.method as PeerMethod, data as never);
      }
    }
  }

  private async join(id: number, request: JoinRequest): Promise<void> {
    if (this.peer || this.joining) throw new Refusal('bad_request', 'join: already in the room');
    const { conference, room } = this.options;
    this.joining = true;
    try {
      const { peer, answer } = await conference.join(room, request, this);
      if (this.closed) return conference.leave(peer, room);
      this.peer = peer;
      this.stopDeadline();
      // The answer goes out before any event of the room, hence not by way of answer().
      this.write({ id, ok: true, data: answer });
      peer.releaseEvents();
    } finally {
      this.joining = false;
    }
  }

  private async move(id: number): Promise<void> {
    const { conference, room } = this.options;
    const before = this.peer;
    if (!before) throw new Refusal('not_joined', 'Join the room first.');
    const { peer, answer } = await conference.move(before, room);
    // Left, or lost the worker, while it was made.
    if (this.closed || this.peer !== before) return conference.leave(peer, room);
    this.peer = peer;
    this.write({ id, ok: true, data: answer });
    peer.releaseEvents();
  }

  private write(frame: AnswerFrame | { event: EventName; data: unknown }): void {
    if (this.closed) return;
    if (this.socket.bufferedAmount > kMaxBacklogBytes) {
      this.options.log.warn('a socket does not read', { room: this.options.room });
      this.socket.terminate();
      // Ending here at once could re-enter a loop over the room's people.
      queueMicrotask(() => this.end());
      return;
    }
    this.socket.send(JSON.stringify(frame));
  }

  // A browser answers pings by itself; silence for a whole period means that nobody is there.
  private beat(): void {
    if (!this.heard) {
      this.socket.terminate();
      return this.end();
    }
    this.heard = false;
    this.socket.ping();
  }

  private startDeadline(): void {
    this.stopDeadline();
    if (this.closed) return;
    this.stopDeadline = this.options.clock.after(kJoinDeadlineMs, () => {
      if (!this.peer && !this.joining) this.close(CloseCode.idle, 'joined no room');
    });
  }
}
