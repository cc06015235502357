// One room: a router on one worker, and the people whose streams it routes.

import { mediaCodecs } from './media_codecs';
import type { EngineRouter } from './engine';
import type { Log } from './log';
import type { Peer, Sent } from './peer';
import { Speakers } from './speakers';
import type { LiveWorker } from './worker_pool';
import type { EventName, Events } from '../protocol/messages';

interface Level {
  producerId: string;
  volume: number;
}

// Who follows a room without being in it.
export interface RoomWatcher {
  personJoined(peer: Peer): void;
  personLeft(peer: Peer): void;
  streamStarted(peer: Peer, sent: Sent): void;
  streamEnded(producerId: string): void;
}

export class Room {
  readonly peers = new Map<string, Peer>();
  // People on their way in; they count against the limits and keep an empty room open.
  joining = 0;
  closed = false;
  readonly speakers: Speakers;
  // Who dominates the conversation, or did last.
  private dominant: Peer | null = null;

  private constructor(
    readonly name: string,
    readonly live: LiveWorker,
    readonly router: EngineRouter,
    log: Log,
    private readonly watchers: () => RoomWatcher[],
  ) {
    const listener = {
      dominant: (producerId: string) => this.showDominant(producerId),
      levels: (levels: Level[]) => this.showLevels(levels),
    };
    this.speakers = new Speakers(router, listener, log);
  }

  // `live` was claimed for this room, which returns the claim when it closes or never opens.
  static async create(
    name: string,
    live: LiveWorker,
    log: Log,
    watchers: () => RoomWatcher[],
  ): Promise<Room> {
    try {
      const router = await live.worker.createRouter({ mediaCodecs: mediaCodecs() });
      return new Room(name, live, router, log, watchers);
    } catch (error) {
      live.rooms -= 1;
      throw error;
    }
  }

  get headCount(): number {
    return this.peers.size + this.joining;
  }

  get activeSpeaker(): string | null {
    return this.dominant?.id ?? null;
  }

  get isEmpty(): boolean {
    return this.headCount === 0;
  }

  add(peer: Peer): void {
    this.tellOthers(peer, 'peerJoined', { id: peer.id, name: peer.name });
    this.peers.set(peer.id, peer);
    this.live.peers += 1;
    for (const watcher of this.watchers()) watcher.personJoined(peer);
  }

  remove(peer: Peer): void {
    if (!this.peers.delete(peer.id)) return;
    this.live.peers -= 1;
    if (this.dominant === peer) this.dominant = null;
    this.tellOthers(peer, 'peerLeft', { peerId: peer.id });
    for (const watcher of this.watchers()) watcher.personLeft(peer);
  }

  announce(peer: Peer, sent: Sent): void {
    for (const watcher of this.watchers()) watcher.streamStarted(peer, sent);
  }

  retract(producerId: string): void {
    for (const watcher of this.watchers()) watcher.streamEnded(producerId);
  }

  others(self: Peer): Peer[] {
    return [...this.peers.values()].filter((peer) => peer !== self);
  }

  findBySession(session: string): Peer | undefined {
    return [...this.peers.values()].find((peer) => peer.session === session);
  }

  tellOthers<E extends EventName>(self: Peer, event: E, data: Events[E]): void {
    for (const peer of this.others(self)) peer.tell(event, data);
  }

  private tellAll<E extends EventName>(event: E, data: Events[E]): void {
    for (const peer of this.peers.values()) peer.tell(event, data);
  }

  private ownerOf(producerId: string): Peer | undefined {
    return [...this.peers.values()].find((peer) => peer.producers.has(producerId));
  }

  private showDominant(producerId: string): void {
    const peer = this.ownerOf(producerId);
    if (!peer || peer === this.dominant) return;
    this.dominant = peer;
    this.tellAll('activeSpeaker', { peerId: peer.id });
  }

  private showLevels(heard: Level[]): void {
    const levels = heard.flatMap(({ producerId, volume }) => {
      const peer = this.ownerOf(producerId);
      return peer ? { peerId: peer.id, volume } : [];
    });
    this.tellAll('audioLevels', { levels });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.live.rooms -= 1;
    this.live.peers -= this.peers.size;
    for (const watcher of this.watchers()) {
      for (const peer of this.peers.values()) watcher.personLeft(peer);
    }
    this.peers.clear();
    this.router.close();
  }
}
