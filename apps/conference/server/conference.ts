// All rooms of this server: who may enter, where a room lives, what happens when its worker dies.

import type { JoinAnswer, JoinRequest } from '../protocol/messages';
import { reasonOf } from './log';
import type { Log } from './log';
import { Peer } from './peer';
import type { PeerEntry, Send } from './peer';
import { Refusal } from './refusal';
import { Room } from './room';
import type { RoomWatcher } from './room';
import type { TokenVerifier } from './tokens';
import type { EngineRouterGroup } from './engine';
import type { LiveWorker, WorkerPool } from './worker_pool';

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
  log: Log;
}

// What the conference needs of a connection: a way to speak, and to be rid of it.
export interface Participant {
  send: Send;
  // The room is gone under this participant, who may join again at once.
  forgetPeer(): void;
  // Somebody with the same session joined: this is the ghost of a socket that broke.
  replace(): void;
}

export class Conference {
  private readonly rooms = new Map<string, Room>();
  private readonly participants = new Map<Peer, Participant>();
  private readonly watchers = new Set<{ room: string; watcher: RoomWatcher }>();
  private joining = 0;

  constructor(private readonly options: ConferenceOptions) {}

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
    const { tokens, revision, limits, log } = this.options;
    const invitation = await tokens?.verify(request.token, roomName);
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
      const name = invitation?.name ?? request.name;
      return await this.admit(room, { request, name, participant });
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
    peer.close();
    const found = this.rooms.get(room);
    if (found) this.closeIfEmpty(found);
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
    for (const peer of this.participants.keys()) peer.close();
    this.participants.clear();
    for (const room of [...this.rooms.values()]) this.closeRoom(room);
  }

  private watchersOf(name: string): RoomWatcher[] {
    return [...this.watchers].flatMap(({ room, watcher }) => (room === name ? watcher : []));
  }

  private reset(peer: Peer): void {
    const participant = this.participants.get(peer);
    this.participants.delete(peer);
    participant?.forgetPeer();
    participant?.send('roomReset', { reason: 'The media server was restarted.' });
    peer.close();
  }

  private dropGhost(roomName: string, session: string): void {
    const ghost = this.rooms.get(roomName)?.findBySession(session);
    if (!ghost) return;
    const participant = this.participants.get(ghost);
    this.participants.delete(ghost);
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
    const { limits, newGroup, pool, log } = this.options;
    const before = this.rooms.get(name);
    if (before) return before;
    if (this.rooms.size >= limits.maxRooms) {
      const most = limits.maxRooms;
      throw new Refusal('rooms_full', `This server has no space for another room (${most}).`);
    }
    const room = new Room(name, newGroup(), { pool, log, watchers: () => this.watchersOf(name) });
    this.rooms.set(name, room);
    return room;
  }

  private async admit(
    room: Room,
    who: { request: JoinRequest; name: string; participant: Participant },
  ): Promise<{ peer: Peer; answer: JoinAnswer }> {
    const { request, name, participant } = who;
    const { log } = this.options;
    let peer: Peer;
    try {
      peer = await this.seat(room, { request, name, send: participant.send, log });
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
    const answer = await peer.enter();
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
    room.close();
    if (this.rooms.get(room.name) === room) this.rooms.delete(room.name);
  }
}
