// One room: a router on one worker, and the people whose streams it routes.

import { mediaCodecs } from './media_codecs';
import type { EngineRouter } from './engine';
import type { Peer } from './peer';
import type { LiveWorker } from './worker_pool';
import type { EventName, Events } from '../protocol/messages';

export class Room {
  readonly peers = new Map<string, Peer>();
  // People on their way in; they count against the limits and keep an empty room open.
  joining = 0;
  closed = false;

  private constructor(
    readonly name: string,
    readonly live: LiveWorker,
    readonly router: EngineRouter,
  ) {}

  // `live` was claimed for this room, which returns the claim when it closes or never opens.
  static async create(name: string, live: LiveWorker): Promise<Room> {
    try {
      const router = await live.worker.createRouter({ mediaCodecs: mediaCodecs() });
      return new Room(name, live, router);
    } catch (error) {
      live.rooms -= 1;
      throw error;
    }
  }

  get headCount(): number {
    return this.peers.size + this.joining;
  }

  get isEmpty(): boolean {
    return this.headCount === 0;
  }

  add(peer: Peer): void {
    this.tellOthers(peer, 'peerJoined', { id: peer.id, name: peer.name });
    this.peers.set(peer.id, peer);
    this.live.peers += 1;
  }

  remove(peer: Peer): void {
    if (!this.peers.delete(peer.id)) return;
    this.live.peers -= 1;
    this.tellOthers(peer, 'peerLeft', { peerId: peer.id });
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

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.live.rooms -= 1;
    this.live.peers -= this.peers.size;
    this.peers.clear();
    this.router.close();
  }
}
