// Everybody else in the room, by id, and the tiles of a room that was just lost.

import type { types } from 'mediasoup-client';

import type { ConsumerDescription, Events, PeerDescription } from '../protocol/messages';
import { peerStats } from './diagnostics';
import type { PeerStats } from './diagnostics';
import { RemotePeer } from './remote_peer';
import type { RemoteStream } from './remote_peer';
import type { Tile } from './tile';
import type { Viewing } from './viewing';

export interface PeopleListener {
  // Somebody came or went, or a screen did.
  changed(): void;
  soundBlocked(): void;
  pinned(tile: Tile): void;
  panelToggled(tile: Tile): void;
}

export class People {
  private readonly present = new Map<string, RemotePeer>();
  // They stay in sight until the rejoin replaces them: a frozen face is less of a shock than none.
  private stale: RemotePeer[] = [];

  constructor(
    private readonly viewing: Viewing,
    private readonly listener: PeopleListener,
  ) {}

  get all(): RemotePeer[] {
    return [...this.present.values()];
  }

  find(peerId: string | null): RemotePeer | undefined {
    return peerId === null ? undefined : this.present.get(peerId);
  }

  // What a tile shows.
  pictureIn(tile: Tile): RemoteStream | undefined {
    for (const peer of this.all) {
      if (peer.tile === tile) return peer.streamOf('camera');
      if (peer.screenTile === tile) return peer.streamOf('screen');
    }
    return undefined;
  }

  // With those who are expected back.
  get count(): number {
    return this.present.size + this.stale.length;
  }

  get tiles(): Tile[] {
    return [...this.stale, ...this.present.values()].map(({ tile }) => tile);
  }

  get screens(): Tile[] {
    const people = [...this.stale, ...this.present.values()];
    return people.flatMap(({ screenTile }) => screenTile ?? []);
  }

  // After a join: these are here, and nobody else.
  reset(peers: PeerDescription[]): void {
    this.dismiss();
    for (const peer of peers) this.put(peer);
    this.listener.changed();
  }

  // After a move to another worker: who is here is shown as before.
  keep(peers: PeerDescription[]): void {
    const ids = new Set(peers.map(({ id }) => id));
    for (const id of [...this.present.keys()]) if (!ids.has(id)) this.remove(id);
    for (const peer of peers) if (!this.present.has(peer.id)) this.put(peer);
    this.listener.changed();
  }

  add(peer: PeerDescription): void {
    this.put(peer);
    this.listener.changed();
  }

  remove(peerId: string): RemotePeer | undefined {
    const peer = this.present.get(peerId);
    this.present.delete(peerId);
    for (const { id } of peer?.pictures ?? []) this.viewing.remove(id);
    peer?.dispose();
    this.listener.changed();
    return peer;
  }

  // The room is lost, but a rejoin is under way.
  suspend(): void {
    for (const peer of this.present.values()) {
      peer.tile.setNotice('Reconnecting…');
      this.stale.push(peer);
    }
    this.present.clear();
    this.viewing.clear();
    this.listener.changed();
  }

  dismiss(): void {
    for (const peer of [...this.present.values(), ...this.stale]) peer.dispose();
    this.present.clear();
    this.viewing.clear();
    this.stale = [];
  }

  setLink({ peerId, state }: Events['peerLink']): void {
    this.present.get(peerId)?.setLink(state);
  }

  addStream(description: ConsumerDescription, consumer: types.Consumer): void {
    const { id, source, shape, capture } = description;
    const peer = this.present.get(description.peerId);
    peer?.addStream(description, consumer);
    const tile = peer?.tileOf(source);
    if (shape && tile) this.viewing.add(id, { tile, shape, capture });
  }

  removeStream(consumerId: string): void {
    this.viewing.remove(consumerId);
    this.ownerOf(consumerId)?.removeStream(consumerId);
  }

  setLayers({ consumerId, layers, reason }: Events['layersChanged']): void {
    this.ownerOf(consumerId)?.setLayers(consumerId, layers, reason);
  }

  setScore({ consumerId, score, producerScore }: Events['consumerScore']): void {
    this.ownerOf(consumerId)?.setScore(consumerId, score, producerScore);
  }

  setCapture({ producerId, width, height }: Events['captureChanged']): void {
    for (const stream of this.all.flatMap(({ pictures }) => pictures)) {
      if (stream.producerId !== producerId) continue;
      stream.capture = { width, height };
      this.viewing.setCapture(stream.id, stream.capture);
    }
  }

  setLevels({ levels }: Events['audioLevels']): void {
    const heard = new Map(levels.map(({ peerId, volume }) => [peerId, volume]));
    for (const peer of this.all) peer.volume = heard.get(peer.id) ?? null;
  }

  setActiveSpeaker(peerId: string | null): void {
    for (const peer of this.all) peer.tile.setActiveSpeaker(peer.id === peerId);
  }

  setPaused(consumerId: string, paused: boolean): void {
    this.ownerOf(consumerId)?.setPaused(consumerId, paused);
  }

  updateSpeaking(now: number): void {
    for (const peer of this.present.values()) peer.updateSpeaking(now);
  }

  async updateQuality(): Promise<void> {
    for (const peer of this.all) {
      const seen = await peerStats(peer, this.viewing);
      peer.updateLoss({
        received: seen.packetsReceived + seen.audioPacketsReceived,
        lost: seen.packetsLost + seen.audioPacketsLost,
      });
    }
  }

  stats(): Promise<PeerStats[]> {
    return Promise.all(this.all.map((peer) => peerStats(peer, this.viewing)));
  }

  resumeSound(): void {
    for (const peer of this.present.values()) peer.resumeSound();
  }

  private put(description: PeerDescription): void {
    this.present.get(description.id)?.dispose();
    const changed = () => this.listener.changed();
    const soundBlocked = () => this.listener.soundBlocked();
    const peer = new RemotePeer(description, {
      soundBlocked,
      screenAdded: changed,
      screenRemoved: changed,
      pinned: (tile) => this.listener.pinned(tile),
      panelToggled: (tile) => this.listener.panelToggled(tile),
    });
    this.present.set(description.id, peer);
  }

  private ownerOf(consumerId: string): RemotePeer | undefined {
    return this.all.find((peer) => peer.hasStream(consumerId));
  }
}
