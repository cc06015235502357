// All rooms of this server: who may enter, where a room lives, what happens when its worker dies.

import type { JoinAnswer, JoinRequest } from '../protocol/messages';
import { reasonOf } from './log';
import type { Log } from './log';
import { Peer } from './peer';
import type { Send } from './peer';
import { Refusal } from './refusal';
import { Room } from './room';
import type { RoomWatcher } from './room';
import type { TokenVerifier } from './tokens';
import type { LiveWorker, WorkerPool } from './worker_pool';

export interface Limits {
  maxRooms: number;
  maxPeersPerRoom: number;
  maxPeers: number;
}

export interface ConferenceOptions {
  pool: Pick<WorkerPool, 'claim'>;
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
  private readonly rooms = new Map<string, Promise<Room>>();
  private readonly open = new Set<Room>();
  private readonly participants = new Map<Peer, Participant>();
  private readonly watchers = new Set<{ room: string; watcher: RoomWatcher }>();
  private joining = 0;

  constructor(private readonly options: ConferenceOptions) {}

  get roomCount(): number {
    return this.open.size;
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
    await this.dropGhost(roomName, request.session);
    if (this.participants.size + this.joining >= limits.maxPeers) {
      throw new Refusal('server_full', `This server is full (${limits.maxPeers} people).`);
    }
    this.joining += 1;
    try {
      const room = await this.enterable(roomName);
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
    const pending = this.rooms.get(room);
    pending?.then((found) => this.closeIfEmpty(found)).catch(() => {});
  }

  findRoom(name: string): Room | undefined {
    return [...this.open].find((room) => room.name === name);
  }

  // The room need not be open yet, and may close and open again. Returns how to stop.
  watch(room: string, watcher: RoomWatcher): () => void {
    const entry = { room, watcher };
    this.watchers.add(entry);
    return () => this.watchers.delete(entry);
  }

  // Only the rooms of that worker end. Their people keep their sockets and are asked to join again;
  // the first of them opens the room anew, wherever there is most space.
  onWorkerDied(dead: LiveWorker): void {
    for (const room of this.open) {
      if (room.live !== dead) continue;
      const people = [...room.peers.values()];
      this.closeRoom(room);
      for (const peer of people) this.reset(peer);
    }
  }

  close(): void {
    for (const peer of this.participants.keys()) peer.close();
    this.participants.clear();
    for (const room of this.open) this.closeRoom(room);
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

  private async dropGhost(roomName: string, session: string): Promise<void> {
    // A room whose creation fails tells whoever creates it; here it only holds no ghost.
    const room = await this.rooms.get(roomName)?.catch(() => undefined);
    const ghost = room?.findBySession(session);
    if (!ghost) return;
    const participant = this.participants.get(ghost);
    this.participants.delete(ghost);
    ghost.close();
    participant?.replace();
  }

  // The room, opened if need be, with a seat taken by `joining`; admit() gives the seat back.
  private async enterable(name: string): Promise<Room> {
    const { maxPeersPerRoom } = this.options.limits;
    let room = await this.openRoom(name);
    // While we waited for it, its last person may have left or its worker died: a second look opens
    // it anew. A third would only feed a worker that keeps dying.
    if (room.closed) room = await this.openRoom(name);
    if (room.closed) throw new Error('the room closed while it was being entered');
    if (room.headCount >= maxPeersPerRoom) {
      throw new Refusal('room_full', `This room is full (${maxPeersPerRoom} people).`);
    }
    // Counted in the same turn as it was checked, or two could take the last seat.
    room.joining += 1;
    return room;
  }

  private openRoom(name: string): Promise<Room> {
    const { maxRooms } = this.options.limits;
    let pending = this.rooms.get(name);
    if (!pending) {
      if (this.rooms.size >= maxRooms) {
        throw new Refusal('rooms_full', `This server has no space for another room (${maxRooms}).`);
      }
      pending = this.create(name);
      this.rooms.set(name, pending);
    }
    return pending;
  }

  private async create(name: string): Promise<Room> {
    try {
      const live = await this.options.pool.claim();
      const room = await Room.create(name, live, this.options.log, () =>
        this.watchersOf(name),
      );
      if (!live.alive) {
        room.close();
        throw new Error('the worker died while the room was being made');
      }
      this.open.add(room);
      this.options.log.info('a room opened', { room: name, worker: live.index });
      return room;
    } catch (error) {
      this.rooms.delete(name);
      throw error;
    }
  }

  private async admit(
    room: Room,
    who: { request: JoinRequest; name: string; participant: Participant },
  ): Promise<{ peer: Peer; answer: JoinAnswer }> {
    const { request, name, participant } = who;
    const { log } = this.options;
    let peer: Peer;
    try {
      peer = await Peer.create(room, { request, name, send: participant.send, log });
    } finally {
      room.joining -= 1;
      // Whatever came of it: if nobody entered and nobody is on the way, the room goes.
      queueMicrotask(() => this.closeIfEmpty(room));
    }
    if (room.closed) {
      peer.close();
      throw new Error('the room closed while it was being entered');
    }
    this.participants.set(peer, participant);
    const answer = await peer.enter();
    if (!this.participants.has(peer)) {
      throw new Error('the room closed while it was being entered');
    }
    log.info('a person joined', { room: room.name, peer: peer.id, people: room.peers.size });
    return { peer, answer };
  }

  private closeIfEmpty(room: Room): void {
    if (!room.isEmpty || room.closed) return;
    this.closeRoom(room);
    this.options.log.info('a room closed', { room: room.name });
  }

  private closeRoom(room: Room): void {
    room.close();
    this.open.delete(room);
    this.rooms.delete(room.name);
  }
}
