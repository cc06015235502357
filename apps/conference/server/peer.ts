// One person in one room: two transports, what they send, what they receive.
//
// The peer knows nothing of sockets. It is told requests that passed their schema, and tells events
// through `send`. Until the answer to the join request is out, events wait: the page must not hear
// of a stream before it has heard of the room.

import type {
  ConsumerDescription,
  DataConsumerDescription,
  EventName,
  Events,
  JoinAnswer,
  JoinRequest,
  LayerShape,
  Methods,
  PictureSize,
  Source,
} from '../protocol/messages';
import type {
  DataConsumeOptions,
  EngineConsumer,
  EngineDataProducer,
  EngineParticipant,
  EngineProducer,
  EngineRouter,
  EngineTransport,
} from './engine';
import { describeGrants, requireGrant } from './grants';
import type { Grants } from './grants';
import { layerShape } from './layer_shape';
import { reasonOf } from './log';
import type { Log } from './log';
import { PeerData } from './peer_data';
import {
  createOneTransport,
  createSendTransport,
  createTransports,
  describe,
  PeerTransports,
} from './peer_transports';
import type { TransportPair } from './peer_transports';
import { Reception } from './reception';
import { Refusal } from './refusal';
import type { Room } from './room';
import type { Speakers } from './speakers';
import { SdpMedia } from './sdp_media';
import type { Subscription } from './subscription';
import type { LiveWorker } from './worker_pool';

export type Send = <E extends EventName>(event: E, data: Events[E]) => void;

// The requests a peer answers; the others belong to its connection.
export type PeerMethod = Exclude<
  keyof Methods,
  'join' | 'leave' | 'ping' | 'move' | 'completeMove'
>;

export interface Sent {
  source: Source;
  producer: EngineProducer;
  // Of videos.
  shape: LayerShape | null;
  capture: PictureSize | null;
}

// Who somebody is, apart from where their media goes; outlives a move to another worker.
export interface Person {
  id: string;
  name: string;
  // Of the invitation.
  identity: string | null;
  metadata: unknown;
  grants: Grants;
  // Milliseconds since 1970.
  joinedAt: number;
  // What a moderator turned off for good.
  held: Set<Source>;
}

// Who asks to be let in.
export interface PeerEntry {
  request: JoinRequest;
  person: Person;
  send: Send;
  publishesOnly: boolean;
  log: Log;
}

export class Peer {
  readonly person: Person;
  readonly session: string;
  // The worker that it is on.
  readonly live: LiveWorker;
  readonly router: EngineRouter;
  readonly request: JoinRequest;
  private readonly send: Send;
  readonly producers = new Map<string, Sent>();
  readonly data: PeerData;
  // Of pages that negotiate.
  readonly sdp: SdpMedia | null = null;
  private readonly transports: PeerTransports;
  private readonly reception: Reception;
  private readonly sourcesInUse = new Set<Source>();
  private waitingEvents: Array<() => void> | null = [];
  private closed = false;
  private retired = false;

  private constructor(
    private readonly room: Room,
    private readonly seat: EngineParticipant,
    { request, person, send, log }: PeerEntry,
    pair: TransportPair,
  ) {
    this.live = room.liveOf(seat.worker);
    this.router = seat.router;
    this.request = request;
    this.person = person;
    this.send = send;
    this.session = request.session;
    const tell: Send = (event, data) => this.tell(event, data);
    this.transports = new PeerTransports(pair, (state) => {
      if (this.closed || this.retired) return;
      room.tellOthers(this, 'peerLink', { peerId: this.id, state });
    });
    const { sending, receiving } = pair;
    const { group } = room;
    this.reception = new Reception(this, { transport: receiving, group, log });
    if (request.media === 'sdp') this.sdp = new SdpMedia(this, { transport: sending, group, log });
    const hear = (options: DataConsumeOptions) =>
      this.sdp?.hear(options) ?? group.consumeData(receiving, options);
    this.data = new PeerData(this.id, { send: sending, hear }, tell, log);
  }

  get id(): string {
    return this.person.id;
  }

  get name(): string {
    return this.person.name;
  }

  get sendTransport(): EngineTransport {
    return this.transports.sending;
  }

  // With the seat, which the peer gives back when it is closed.
  static async create(room: Room, seat: EngineParticipant, entry: PeerEntry): Promise<Peer> {
    const usual = entry.request.media === 'sdp' ? createOneTransport : createTransports;
    const create = entry.publishesOnly ? createSendTransport : usual;
    const transports = await create(seat.router, room.liveOf(seat.worker));
    return new Peer(room, seat, entry, transports);
  }

  // Enters the room and answers the join request. The caller sends the answer, then calls
  // releaseEvents(). Whoever was there before, on another worker, is succeeded without a word.
  async enter(before: Peer | null = null): Promise<Omit<JoinAnswer, 'iceServers'>> {
    if (before) this.room.succeed(before, this);
    else this.room.add(this);
    const others = this.room.others(this);
    const streams = others.flatMap((peer) =>
      [...peer.producers.values()].map((sent) => this.consume(peer, sent)),
    );
    const chats = others.map((peer) => this.hear(peer));
    const consumers = (await Promise.all(streams)).filter((one) => one !== null);
    const dataConsumers = (await Promise.all(chats)).filter((one) => one !== null);
    return {
      peerId: this.id,
      name: this.name,
      room: this.room.name,
      sendTransport: describe(this.transports.sending),
      recvTransport: describe(this.transports.receiving),
      peers: others.map(({ id, name }) => ({ id, name })),
      consumers,
      dataConsumers,
      activeSpeaker: this.room.activeSpeaker,
      grants: describeGrants(this.person.grants),
    };
  }

  readonly tell: Send = (event, data) => {
    if (this.waitingEvents) this.waitingEvents.push(() => this.send(event, data));
    else if (!this.closed && !this.retired) this.send(event, data);
  };

  releaseEvents(): void {
    const waiting = this.waitingEvents ?? [];
    this.waitingEvents = null;
    for (const tell of waiting) tell();
  }

  async handle<M extends PeerMethod>(method: M, data: Methods[M]['data']): Promise<unknown> {
    requireGrant(this.person.grants, method, data);
    switch (method) {
      case 'connectTransport':
        this.requireNoSdp(method);
        return this.transports.connect(data as Methods['connectTransport']['data']);
      case 'restartIce':
        this.requireNoSdp(method);
        return this.transports.restartIce(data as Methods['restartIce']['data']);
      case 'produce':
        return this.produce(data as Methods['produce']['data']);
      case 'closeProducer':
        return this.closeProducer((data as Methods['closeProducer']['data']).producerId);
      case 'pauseProducer':
        return this.pauseProducer((data as Methods['pauseProducer']['data']).producerId);
      case 'resumeProducer':
        return this.resumeProducer((data as Methods['resumeProducer']['data']).producerId);
      case 'resumeConsumers':
        return this.reception.resume((data as Methods['resumeConsumers']['data']).consumerIds);
      case 'setPreferredLayers':
        return this.reception.choose((data as Methods['setPreferredLayers']['data']).consumers);
      case 'setCapture':
        return this.setCapture(data as Methods['setCapture']['data']);
      case 'produceData':
        return this.produceData(data as Methods['produceData']['data']);
      case 'closeDataProducer':
        return this.data.closeProducer(
          (data as Methods['closeDataProducer']['data']).dataProducerId,
        );
      case 'resumeDataConsumers':
        return this.data.resume((data as Methods['resumeDataConsumers']['data']).dataConsumerIds);
      case 'negotiate':
      case 'addCandidate':
        if (!this.sdp) throw new Refusal('bad_request', `${method}: join with media "sdp" first`);
        return this.sdp.handle(method, data);
      case 'getConnectionStats':
        return this.transports.stats();
      case 'requestKeyFrame':
        return this.reception.requestKeyFrame(
          (data as Methods['requestKeyFrame']['data']).consumerId,
        );
      default:
        throw new Refusal('bad_request', `${String(method)} cannot be asked here.`);
    }
  }

  // From now on another Peer speaks for this person. The media of this one goes on until it closes.
  retire(): void {
    this.waitingEvents = null;
    this.retired = true;
  }

  // What a moderator asks for. The page is told, and shows it as if its person had pressed the button.
  async mute(source: Source, hold: boolean): Promise<void> {
    const { held } = this.person;
    if (hold) held.add(source);
    const sent = [...this.producers.values()].find((one) => one.source === source);
    if (!sent && !hold) throw new Refusal('not_found', `source: ${source} is not being sent`);
    await sent?.producer.pause();
    this.tell('sourceMuted', { source, muted: true, held: held.has(source) });
  }

  // The person may turn it on again, and is told so.
  release(source: Source): void {
    if (!this.person.held.delete(source)) return;
    this.tell('sourceMuted', { source, muted: false, held: false });
  }

  // What others received from here ends by the engine's own cascade.
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.room.remove(this);
    for (const producerId of this.producers.keys()) this.speakers?.remove(producerId);
    this.transports.close();
    this.seat.leave();
    this.producers.clear();
    this.reception.close();
    this.data.close();
    this.waitingEvents = null;
  }

  // Whose page negotiates is connected by its offers and answers.
  private requireNoSdp(method: string): void {
    if (!this.sdp) return;
    throw new Refusal('bad_request', `${method}: with media "sdp" offers and answers do this`);
  }

  private async produce(data: Methods['produce']['data']): Promise<{ id: string }> {
    const { source, kind, rtpParameters, capture } = data;
    const paused = data.paused || this.person.held.has(source);
    // One stream per source bounds what one person can make the whole room receive.
    if (this.sourcesInUse.has(source)) {
      throw new Refusal('bad_request', `produce: source: your ${source} is being sent already`);
    }
    this.sourcesInUse.add(source);
    let producer: EngineProducer;
    try {
      producer = await this.transports.sending.produce({ kind, rtpParameters, paused });
    } catch (error) {
      this.sourcesInUse.delete(source);
      throw new Refusal('bad_request', `produce: ${reasonOf(error)}`);
    }
    if (this.closed) {
      producer.close();
      throw new Refusal('not_joined', 'You have left the room.');
    }
    const shape = kind === 'video' ? layerShape(rtpParameters.encodings ?? []) : null;
    const sent = { source, producer, shape, capture: capture ?? null };
    this.producers.set(producer.id, sent);
    // Held while it was being made.
    if (!paused && this.person.held.has(source)) void producer.pause().catch(() => {});
    this.watchProducer(sent);
    for (const other of this.room.others(this)) void other.offer(this, sent);
    this.room.announce(this, sent);
    return { id: producer.id };
  }

  private closeProducer(producerId: string): object {
    const sent = this.producer(producerId);
    const { source, producer } = sent;
    this.producers.delete(producerId);
    this.sourcesInUse.delete(source);
    this.speakers?.remove(producerId);
    producer.close();
    this.room.retract(this, sent);
    return {};
  }

  private async produceData(data: Methods['produceData']['data']): Promise<{ id: string }> {
    const { streamId, purpose, peerId, topic } = data;
    if (purpose === 'chat') {
      const producer = await this.data.openChat(streamId);
      for (const other of this.room.others(this)) void other.hearOf(this, producer);
      return { id: producer.id };
    }
    const recipient = this.room.peers.get(peerId ?? '');
    const isDeaf = recipient?.sdp || !recipient?.person.grants.subscribe;
    if (!recipient || recipient === this || isDeaf) {
      throw new Refusal('not_found', 'produceData: peerId: nobody else of this room');
    }
    const producer = await this.data.openLane(streamId, recipient.id);
    if (!(await recipient.data.offer(this.id, producer, topic ?? ''))) {
      if (!producer.closed) this.data.closeProducer(producer.id);
      throw new Refusal('not_found', 'produceData: peerId: they cannot be reached now');
    }
    return { id: producer.id };
  }

  private async hearOf(peer: Peer, chat: EngineDataProducer): Promise<void> {
    if (this.person.grants.subscribe) await this.data.offer(peer.id, chat, null);
  }

  private async hear({ id, data }: Peer): Promise<DataConsumerDescription | null> {
    if (!data.chat || !this.person.grants.subscribe) return null;
    if (!this.sdp) return this.data.consume(id, data.chat, null);
    // A page that negotiates is told when the channel stands, which takes an offer and an answer.
    void this.data.offer(id, data.chat, null);
    return null;
  }

  // Others choose their layers anew: the same layer is another size now.
  private setCapture({ producerId, width, height }: Methods['setCapture']['data']): object {
    this.producer(producerId).capture = { width, height };
    this.room.tellOthers(this, 'captureChanged', { producerId, width, height });
    return {};
  }

  private async pauseProducer(producerId: string): Promise<object> {
    await this.producer(producerId).producer.pause();
    return {};
  }

  private async resumeProducer(producerId: string): Promise<object> {
    const { source, producer } = this.producer(producerId);
    if (this.person.held.has(source)) {
      throw new Refusal('forbidden', `A moderator turned your ${source} off.`);
    }
    await producer.resume();
    return {};
  }

  private async offer(from: Peer, sent: Sent): Promise<void> {
    const description = await this.consume(from, sent);
    if (description) this.tell('newConsumer', description);
  }

  private async consume(from: Peer, sent: Sent): Promise<ConsumerDescription | null> {
    if (!this.sdp) return this.reception.consume(from, sent);
    this.sdp.send(from.id, sent);
    return null;
  }

  watch(consumer: EngineConsumer): Subscription {
    return this.reception.watch(consumer);
  }

  private watchProducer({ source, producer }: Sent): void {
    const producerId = producer.id;
    producer.on('score', (scores) =>
      this.tell('producerScore', { producerId, scores: scores.map(({ score }) => score) }),
    );
    if (source === 'microphone') this.speakers?.add(producerId);
    if (producer.kind !== 'video') return;
    producer.on('wantedlayers', () => this.tellWanted(producer));
    // The engine may have told before anybody listened.
    if (producer.wantedEncodings?.includes(false)) this.tellWanted(producer);
  }

  private tellWanted({ id, wantedLayers, wantedEncodings }: EngineProducer): void {
    const layers = wantedLayers ?? null;
    this.tell('wantedLayers', { producerId: id, layers, encodings: wantedEncodings });
  }

  // Of the router that this person is on.
  private get speakers(): Speakers | undefined {
    return this.room.speakersOf(this.seat.router);
  }

  private producer(id: string): Sent {
    const sent = this.producers.get(id);
    if (!sent) throw new Refusal('not_found', 'producerId: no such producer');
    return sent;
  }
}
