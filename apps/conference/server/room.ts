// One room: a router on each worker that it takes, and the people whose streams they route.

import type { EngineRouter, EngineRouterGroup, EngineWorker } from './engine';
import { Floor } from './floor';
import type { Log } from './log';
import type { Peer, Sent } from './peer';
import { Speakers } from './speakers';
import type { Level } from './speakers';
import type { LiveWorker, WorkerPool } from './worker_pool';
import type { EventName, Events } from '../protocol/messages';

// Who follows a room without being in it.
export interface RoomWatcher {
  personJoined(peer: Peer): void;
  personLeft(peer: Peer): void;
  streamStarted(peer: Peer, sent: Sent): void;
  streamEnded(producerId: string, peer: Peer, sent: Sent): void;
}

// What a room needs of the server it is on.
interface Surroundings {
  pool: Pick<WorkerPool, 'find'>;
  log: Log;
  watchers: () => RoomWatcher[];
}

export class Room {
  readonly peers = new Map<string, Peer>();
  // People on their way in; they count against the limits and keep an empty room open.
  joining = 0;
  closed = false;
  // What is left on their old worker of people who have moved.
  private readonly moving = new Set<Peer>();
  private readonly speakers = new Map<EngineRouter, Speakers>();
  // Who dominates the conversation, or did last.
  private dominant: Peer | null = null;

  constructor(
    readonly name: string,
    readonly group: EngineRouterGroup,
    private readonly around: Surroundings,
  ) {
    const floor = new Floor<EngineRouter>({
      dominant: (producerId) => this.showDominant(producerId),
      levels: (levels) => this.showLevels(levels),
    });
    group.on('newrouter', (router, worker) => {
      this.countRouter(this.around.pool.find(worker));
      const listener = {
        dominant: (producerId: string) => floor.dominant(router, producerId),
        levels: (levels: Level[]) => floor.levels(router, levels),
      };
      this.speakers.set(router, new Speakers(router, listener, around.log));
    });
    group.on('routerclose', (router, worker) => {
      this.around.pool.find(worker).rooms -= 1;
      this.speakers.delete(router);
      floor.forget(router);
    });
  }

  private countRouter(live: LiveWorker): void {
    live.rooms += 1;
    const what = this.speakers.size === 0 ? 'a room opened' : 'a room takes another worker';
    this.around.log.info(what, { room: this.name, worker: live.index });
  }

  get headCount(): number {
    return this.peers.size + this.joining;
  }

  get activeSpeaker(): string | null {
    return this.dominant?.id ?? null;
  }

  get routers(): EngineRouter[] {
    return [...this.speakers.keys()];
  }

  get isEmpty(): boolean {
    return this.headCount === 0;
  }

  liveOf(worker: EngineWorker): LiveWorker {
    return this.around.pool.find(worker);
  }

  // Undefined once the router is gone.
  speakersOf(router: EngineRouter): Speakers | undefined {
    return this.speakers.get(router);
  }

  add(peer: Peer): void {
    this.tellOthers(peer, 'peerJoined', { id: peer.id, name: peer.name });
    this.peers.set(peer.id, peer);
    peer.live.peers += 1;
    for (const watcher of this.around.watchers()) watcher.personJoined(peer);
  }

  // `after` is the same person on another worker; nobody leaves and nobody joins.
  succeed(before: Peer, after: Peer): void {
    if (this.peers.get(before.id) !== before) throw new Error('who is to be moved has left');
    this.peers.set(after.id, after);
    after.live.peers += 1;
    this.moving.add(before);
    if (this.dominant === before) this.dominant = after;
    before.retire();
  }

  remove(peer: Peer): void {
    if (this.moving.delete(peer)) {
      peer.live.peers -= 1;
      for (const sent of peer.producers.values()) this.retract(peer, sent);
      return;
    }
    if (this.peers.get(peer.id) !== peer) return;
    this.peers.delete(peer.id);
    peer.live.peers -= 1;
    if (this.dominant === peer) this.dominant = null;
    this.tellOthers(peer, 'peerLeft', { peerId: peer.id });
    for (const watcher of this.around.watchers()) watcher.personLeft(peer);
  }

  announce(peer: Peer, sent: Sent): void {
    for (const watcher of this.around.watchers()) watcher.streamStarted(peer, sent);
  }

  retract(peer: Peer, sent: Sent): void {
    for (const watcher of this.around.watchers()) {
      watcher.streamEnded(sent.producer.id, peer, sent);
    }
  }

  // Takes out everybody who was on that worker, then tells the others. Those who go are told nothing
  // of one another.
  evict(dead: LiveWorker): Peer[] {
    for (const peer of [...this.moving]) if (peer.live === dead) peer.close();
    const gone = [...this.peers.values()].filter(({ live }) => live === dead);
    for (const { id } of gone) this.peers.delete(id);
    dead.peers -= gone.length;
    if (this.dominant?.live === dead) this.dominant = null;
    for (const { id } of gone) this.tellAll('peerLeft', { peerId: id });
    for (const watcher of this.around.watchers()) {
      for (const peer of gone) watcher.personLeft(peer);
    }
    return gone;
  }

  others(self: Peer): Peer[] {
    return [...this.peers.values()].filter((peer) => peer.id !== self.id);
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
    return [...this.peers.values(), ...this.moving].find((peer) => peer.producers.has(producerId));
  }

  private showDominant(producerId: string): void {
    const peer = this.ownerOf(producerId);
    if (!peer || peer.id === this.dominant?.id) return;
    this.dominant = this.peers.get(peer.id) ?? peer;
    this.tellAll('activeSpeaker', { peerId: peer.id });
  }

  private showLevels(heard: Level[]): void {
    const levels = heard.flatMap(({ producerId, volume }) => {
      const peer = this.ownerOf(producerId);
      return peer ? [{ peerId: peer.id, volume }] : [];
    });
    this.tellAll('audioLevels', { levels });
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const peer of [...this.moving]) peer.close();
    for (const { live } of this.peers.values()) live.peers -= 1;
    for (const watcher of this.around.watchers()) {
      for (const peer of this.peers.values()) watcher.personLeft(peer);
    }
    this.peers.clear();
    this.group.close();
  }
}
