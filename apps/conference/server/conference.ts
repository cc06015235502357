// All rooms of this server: who may enter, where a room lives, what happens when its worker dies.

import { randomUUID } from 'node:crypto';

import type {
  DismissalReason,
  ErrorCode,
  IceServer,
  JoinAnswer,
  JoinRequest,
} from '../protocol/messages';
import { afterLong } from './clock';
import type { Clock } from './clock';
import { kUsualGrants } from './grants';
import { reasonOf } from './log';
import type { Log } from './log';
import { evacuate, Moves } from './moving';
import { Peer } from './peer';
import type { PeerEntry, Person, Send } from './peer';
import { Refusal } from './refusal';
import { Room } from './room';
import type { RoomWatcher } from './room';
import type { Invitation, TokenVerifier } from './tokens';
import type { EngineRouterGroup } from './engine';
import type { LiveWorker, WorkerPool } from './worker_pool';

// Counted from 0: of a counter that begins with its first event, no rate shows that event.
const kJoinRefusals: ErrorCode[] = [
  'capabilities_changed',
  'draining',
  'internal',
  'room_full',
  'rooms_full',
  'server_full',
  'unauthorized',
  'unavailable',
];

export interface Limits {
  maxRooms: number;
  maxPeersPerRoom: number;
  maxPeers: number;
}

export interface ConferenceOptions {
  pool: Pick<WorkerPool, 'pick' | 'complete' | 'find'>;
  // Of the workers of the pool.
  newGroup: () => EngineRouterGroup;
  limits: Limits;
  // The router capabilities that pages are built from; a page with others must reload.
  revision: string;
  tokens: TokenVerifier | null;
  clock: Clock;
  log: Log;
  // Milliseconds since 1970; that of the system if missing.
  wallClock?: () => number;
  observer?: RoomObserver;
  // What people are told; none if missing.
  iceServers?: readonly IceServer[];
}

// Who follows all rooms. The answer follows the one that has just opened.
export interface RoomObserver {
  roomStarted(room: string): RoomWatcher;
  roomEnded(room: string): void;
}

// What the conference needs of a connection: a way to speak, and to be rid of it.
export interface Participant {
  send: Send;
  // Sees and hears nobody, has no data channels, and one transport.
  readonly publishesOnly?: true;
  // The room is gone under this participant, who may join again at once.
  forgetPeer(): void;
  // Somebody with the same session joined: this is the ghost of a socket that broke.
  replace(): void;
  // The stay is over, and the person is told why.
  dismiss(why: DismissalReason, message: string): void;
}

export class Conference {
  private readonly rooms = new Map<string, Room>();
  private readonly participants = new Map<Peer, Participant>();
  private readonly watchers = new Set<{ room: string; watcher: RoomWatcher }>();
  private readonly expiries = new Map<string, () => void>();
  private readonly moves: Moves;
  private joining = 0;
  private isDraining = false;
  private onDrained: () => void = () => {};
  // Since the server started: people who came in, and those who did not, by error code.
  joins = 0;
  readonly refusals = new Map<string, number>(kJoinRefusals.map((code) => [code, 0]));

  constructor(private readonly options: ConferenceOptions) {
    this.moves = new Moves(options.clock);
  }

  get allRooms(): Room[] {
    return [...this.rooms.values()];
  }

  // No new rooms; those that there are go on, and people may still join them.
  get draining(): boolean {
    return this.isDraining;
  }

  set draining(draining: boolean) {
    this.isDraining = draining;
    this.noteEmpty();
  }

  // Resolves when a drained server has no room left.
  whenDrained(): Promise<void> {
    return new Promise((resolve) => {
      this.onDrained = resolve;
      this.noteEmpty();
    });
  }

  // False where a person would be refused because the server drains.
  admits(roomName: string): boolean {
    return !this.isDraining || this.rooms.has(roomName);
  }

  get roomCount(): number {
    return this.rooms.size;
  }

  get peerCount(): number {
    return this.participants.size;
  }

  // Resolves once the peer is in the room. The caller sends the answer and then calls
  // peer.releaseEvents().
  async join(
    roomName: string,
    request: JoinRequest,
    participant: Participant,
  ): Promise<{ peer: Peer; answer: JoinAnswer }> {
    try {
      const joined = await this.letIn(roomName, request, participant);
      this.joins += 1;
      return joined;
    } catch (error) {
      const code: ErrorCode = error instanceof Refusal ? error.code : 'internal';
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      throw error;
    }
  }

  private async letIn(
    roomName: string,
    request: JoinRequest,
    participant: Participant,
  ): Promise<{ peer: Peer; answer: JoinAnswer }> {
    const { tokens, revision, limits, log } = this.options;
    const now = new Date(this.wallNow());
    const invitation = (await tokens?.verify(request.token, roomName, now)) ?? null;
    if (request.revision !== revision) {
      throw new Refusal('capabilities_changed', 'The server was updated. Reload the page.');
    }
    this.dropGhost(roomName, request.session);
    if (this.participants.size + this.joining >= limits.maxPeers) {
      throw new Refusal('server_full', `This server is full (${limits.maxPeers} people).`);
    }
    this.joining += 1;
    try {
      const room = this.enterable(roomName);
      const person = this.personOf(request, invitation, participant);
      const joined = await this.admit(room, { request, person, participant });
      if (invitation) this.limitStay(joined.peer.id, invitation.expiresAt);
      return joined;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      log.warn('a join failed', { room: roomName, reason: reasonOf(error) });
      throw new Refusal('unavailable', 'The media server is restarting. Try again in a moment.');
    } finally {
      this.joining -= 1;
    }
  }

  leave(peer: Peer, room: string): void {
    if (!this.participants.delete(peer)) return;
    this.forget(peer);
    peer.close();
    const found = this.rooms.get(room);
    if (found) this.closeIfEmpty(found);
  }

  // The same person on another worker, because this one is being replaced. What was there before goes
  // on until completeMove(), or is given up after a while.
  async move(before: Peer, roomName: string): Promise<{ peer: Peer; answer: JoinAnswer }> {
    const room = this.rooms.get(roomName);
    const participant = this.participants.get(before);
    if (!room || !participant) throw new Refusal('not_joined', 'Join the room first.');
    if (!before.live.draining || this.moves.isUnderWay(before.id)) {
      throw new Refusal('bad_request', 'move: nobody asked for it');
    }
    this.moves.begin(before);
    try {
      const { request, person } = before;
      const { send, publishesOnly = false } = participant;
      const { log } = this.options;
      const peer = await this.seat(room, { request, person, send, publishesOnly, log });
      if (room.closed || !peer.live.alive || this.participants.get(before) !== participant) {
        peer.close();
        throw new Refusal('not_joined', 'You have left the room.');
      }
      this.participants.delete(before);
      this.participants.set(peer, participant);
      const answer = { ...(await peer.enter(before)), iceServers: this.iceServers };
      this.options.log.info('a person moved', { room: room.name, peer: peer.id });
      return { peer, answer };
    } catch (error) {
      this.moves.cancel(before.id);
      throw error;
    }
  }

  // Resolves when nothing is left on the old worker.
  completeMove(peer: Peer): Promise<void> {
    return this.moves.complete(peer.id);
  }

  // Resolves when nobody is on that worker any more, whether moved or reset.
  async evacuate(live: LiveWorker): Promise<{ people: number; reset: number }> {
    const on = (worker: LiveWorker) =>
      [...this.participants.keys()].filter((one) => one.live === worker);
    const people = on(live).length;
    await evacuate(live, on, this.options.clock);
    const reset = on(live).length;
    this.onWorkerDied(live);
    return { people, reset };
  }

  // False if this person is not there any more.
  dismiss(peer: Peer, why: DismissalReason, message: string): boolean {
    const participant = this.participants.get(peer);
    participant?.dismiss(why, message);
    return participant !== undefined;
  }

  findRoom(name: string): Room | undefined {
    return this.rooms.get(name);
  }

  // The room need not be open yet, and may close and open again. Returns how to stop.
  watch(room: string, watcher: RoomWatcher): () => void {
    const entry = { room, watcher };
    this.watchers.add(entry);
    return () => this.watchers.delete(entry);
  }

  // Only what was on that worker ends. Its people keep their sockets and are asked to join again, each
  // in the room where the others still are, or one that the first of them opens anew.
  onWorkerDied(dead: LiveWorker): void {
    for (const room of [...this.rooms.values()]) {
      for (const peer of room.evict(dead)) this.reset(peer);
      this.closeIfEmpty(room);
    }
  }

  close(): void {
    for (const peer of this.participants.keys()) {
      this.forget(peer);
      peer.close();
    }
    this.participants.clear();
    for (const room of [...this.rooms.values()]) this.closeRoom(room);
  }

  private watchersOf(name: string): RoomWatcher[] {
    return [...this.watchers].flatMap(({ room, watcher }) => (room === name ? watcher : []));
  }

  private get iceServers(): IceServer[] {
    return [...(this.options.iceServers ?? [])];
  }

  private noteEmpty(): void {
    if (this.isDraining && this.rooms.size === 0) this.onDrained();
  }

  private wallNow(): number {
    return this.options.wallClock?.() ?? Date.now();
  }

  private personOf(
    request: JoinRequest,
    invitation: Invitation | null,
    { publishesOnly }: Participant,
  ): Person {
    const grants = invitation?.grants ?? kUsualGrants;
    const without = publishesOnly ? { subscribe: false, publishData: false } : {};
    return {
      id: randomUUID(),
      name: invitation?.name ?? request.name,
      identity: invitation?.identity ?? null,
      metadata: invitation?.metadata ?? null,
      grants: { ...grants, ...without },
      joinedAt: this.wallNow(),
      held: new Set(),
    };
  }

  // The invitation ends the stay, too.
  private limitStay(id: string, expiresAt: number): void {
    const left = Math.max(0, expiresAt - this.wallNow());
    const cancel = afterLong(this.options.clock, left, () => {
      const peer = [...this.participants.keys()].find((one) => one.id === id);
      const message = 'Your invitation has expired. Ask for a new one.';
      if (peer) this.dismiss(peer, 'expired', message);
    });
    this.expiries.set(id, cancel);
  }

  private forget({ id }: Peer): void {
    this.expiries.get(id)?.();
    this.expiries.delete(id);
    this.moves.end(id);
  }

  private reset(peer: Peer): void {
    const participant = this.participants.get(peer);
    this.participants.delete(peer);
    this.forget(peer);
    participant?.forgetPeer();
    participant?.send('roomReset', { reason: 'The media server was restarted.' });
    peer.close();
  }

  private dropGhost(roomName: string, session: string): void {
    const ghost = this.rooms.get(roomName)?.findBySession(session);
    if (!ghost) return;
    const participant = this.participants.get(ghost);
    this.participants.delete(ghost);
    this.forget(ghost);
    ghost.close();
    participant?.replace();
  }

  // The room, opened if need be, with a seat taken by `joining`; admit() gives the seat back.
  private enterable(name: string): Room {
    const { maxPeersPerRoom } = this.options.limits;
    const room = this.openRoom(name);
    if (room.headCount >= maxPeersPerRoom) {
      throw new Refusal('room_full', `This room is full (${maxPeersPerRoom} people).`);
    }
    // Counted in the turn in which it was checked, or two could take the last seat.
    room.joining += 1;
    return room;
  }

  private openRoom(name: string): Room {
    const { limits, newGroup, pool, log, observer } = this.options;
    const before = this.rooms.get(name);
    if (before) return before;
    if (this.isDraining) {
      throw new Refusal('draining', 'This server is about to end and takes no new rooms.');
    }
    if (this.rooms.size >= limits.maxRooms) {
      const most = limits.maxRooms;
      throw new Refusal('rooms_full', `This server has no space for another room (${most}).`);
    }
    const follower = observer?.roomStarted(name) ?? null;
    const watchers = () => [...this.watchersOf(name), ...(follower ? [follower] : [])];
    const room = new Room(name, newGroup(), { pool, log, watchers });
    this.rooms.set(name, room);
    return room;
  }

  private async admit(
    room: Room,
    who: { request: JoinRequest; person: Person; participant: Participant },
  ): Promise<{ peer: Peer; answer: JoinAnswer }> {
    const { request, person, participant } = who;
    const { log } = this.options;
    let peer: Peer;
    try {
      const { send, publishesOnly = false } = participant;
      peer = await this.seat(room, { request, person, send, publishesOnly, log });
    } finally {
      room.joining -= 1;
      // Whatever came of it: if nobody entered and nobody is on the way, the room goes.
      queueMicrotask(() => this.closeIfEmpty(room));
    }
    if (room.closed || !peer.live.alive) {
      peer.close();
      throw new Error('the room closed while it was being entered');
    }
    this.participants.set(peer, participant);
    const answer = { ...(await peer.enter()), iceServers: this.iceServers };
    if (!this.participants.has(peer)) {
      throw new Error('the room closed while it was being entered');
    }
    const worker = peer.live.index;
    const people = room.peers.size;
    log.info('a person joined', { room: room.name, peer: peer.id, people, worker });
    return { peer, answer };
  }

  private async seat(room: Room, entry: PeerEntry): Promise<Peer> {
    // Without any worker one is waited for; which one it will be is for the room's group to say.
    const { pool } = this.options;
    await pool.complete();
    await pool.pick();
    const seat = await room.group.join();
    try {
      return await Peer.create(room, seat, entry);
    } catch (error) {
      seat.leave();
      throw error;
    }
  }

  private closeIfEmpty(room: Room): void {
    if (!room.isEmpty || room.closed) return;
    this.closeRoom(room);
    this.options.log.info('a room closed', { room: room.name });
  }

  private closeRoom(room: Room): void {
    if (room.closed) return;
    room.close();
    if (this.rooms.get(room.name) === room) this.rooms.delete(room.name);
    this.options.observer?.roomEnded(room.name);
    this.noteEmpty();
  }
}
