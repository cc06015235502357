// One person in one room: two transports, what they send, what they receive.
//
// The peer knows nothing of sockets. It is told requests that passed their schema, and tells events
// through `send`. Until the answer to the join request is out, events wait: the page must not hear
// of a stream before it has heard of the room.

import { randomUUID } from 'node:crypto';

import type {
  ConnectionStats,
  ConsumerDescription,
  ConsumerWish,
  DataConsumerDescription,
  EventName,
  Events,
  JoinAnswer,
  JoinRequest,
  LinkState,
  LayerShape,
  Methods,
  PictureSize,
  Source,
  TransportDescription,
} from '../protocol/messages';
import { kDataStreams, kMaxDataBytes } from '../protocol/messages';
import type {
  DataConsumeOptions,
  EngineConsumer,
  EngineParticipant,
  EngineProducer,
  EngineRouter,
  EngineTransport,
} from './engine';
import { layerShape } from './layer_shape';
import { reasonOf } from './log';
import type { Log } from './log';
import { PeerData } from './peer_data';
import { Refusal } from './refusal';
import type { Room } from './room';
import type { Speakers } from './speakers';
import { Subscription } from './subscription';
import type { LiveWorker } from './worker_pool';

// Where the estimate of a receiver's line starts: one 720p stream and its sound.
const kInitialBitrate = 1_500_000;

export type Send = <E extends EventName>(event: E, data: Events[E]) => void;

// The requests a peer answers; join, leave and ping belong to its connection.
export type PeerMethod = Exclude<keyof Methods, 'join' | 'leave' | 'ping'>;

export interface Sent {
  source: Source;
  producer: EngineProducer;
  // Of videos.
  shape: LayerShape | null;
  capture: PictureSize | null;
}

// Who asks to be let in, under which name.
export interface PeerEntry {
  request: JoinRequest;
  name: string;
  send: Send;
  log: Log;
}

export class Peer {
  readonly id = randomUUID();
  readonly name: string;
  readonly session: string;
  // The worker that it is on.
  readonly live: LiveWorker;
  readonly router: EngineRouter;
  private readonly request: JoinRequest;
  private readonly send: Send;
  private readonly log: Log;
  readonly producers = new Map<string, Sent>();
  readonly data: PeerData;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly sourcesInUse = new Set<Source>();
  private readonly iceStates = new Map<string, string>();
  private link: LinkState = 'connecting';
  private waitingEvents: Array<() => void> | null = [];
  private closed = false;

  private constructor(
    private readonly room: Room,
    private readonly seat: EngineParticipant,
    { request, name, send, log }: PeerEntry,
    private readonly sendTransport: EngineTransport,
    private readonly recvTransport: EngineTransport,
  ) {
    this.live = room.liveOf(seat.worker);
    this.router = seat.router;
    this.request = request;
    this.name = name;
    this.send = send;
    this.log = log;
    this.session = request.session;
    const tell: Send = (event, data) => this.tell(event, data);
    const ways = {
      send: sendTransport,
      hear: (options: DataConsumeOptions) => room.group.consumeData(recvTransport, options),
    };
    this.data = new PeerData(this.id, ways, tell, log);
    this.watchLink(sendTransport);
    this.watchLink(recvTransport);
  }

  // With the seat, which the peer gives back when it is closed.
  static async create(room: Room, seat: EngineParticipant, entry: PeerEntry): Promise<Peer> {
    const create = () => createTransport(seat.router, room.liveOf(seat.worker));
    const made = await Promise.allSettled([create(), create()]);
    const [sending, receiving] = made;
    if (sending.status === 'fulfilled' && receiving.status === 'fulfilled') {
      return new Peer(room, seat, entry, sending.value, receiving.value);
    }
    for (const one of made) if (one.status === 'fulfilled') one.value.close();
    throw sending.status === 'rejected'
      ? sending.reason
      : (receiving as PromiseRejectedResult).reason;
  }

  // Enters the room and answers the join request. The caller sends the answer, then calls
  // releaseEvents().
  async enter(): Promise<JoinAnswer> {
    this.room.add(this);
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
      sendTransport: describe(this.sendTransport),
      recvTransport: describe(this.recvTransport),
      peers: others.map(({ id, name }) => ({ id, name })),
      consumers,
      dataConsumers,
      activeSpeaker: this.room.activeSpeaker,
    };
  }

  readonly tell: Send = (event, data) => {
    if (this.waitingEvents) this.waitingEvents.push(() => this.send(event, data));
    else if (!this.closed) this.send(event, data);
  };

  releaseEvents(): void {
    const waiting = this.waitingEvents ?? [];
    this.waitingEvents = null;
    for (const tell of waiting) tell();
  }

  async handle<M extends PeerMethod>(method: M, data: Methods[M]['data']): Promise<unknown> {
    switch (method) {
      case 'connectTransport':
        return this.connectTransport(data as Methods['connectTransport']['data']);
      case 'restartIce':
        return this.restartIce(data as Methods['restartIce']['data']);
      case 'produce':
        return this.produce(data as Methods['produce']['data']);
      case 'closeProducer':
        return this.closeProducer((data as Methods['closeProducer']['data']).producerId);
      case 'pauseProducer':
        return this.pauseProducer((data as Methods['pauseProducer']['data']).producerId);
      case 'resumeProducer':
        return this.resumeProducer((data as Methods['resumeProducer']['data']).producerId);
      case 'resumeConsumers':
        return this.resumeConsumers((data as Methods['resumeConsumers']['data']).consumerIds);
      case 'setPreferredLayers':
        return this.watchStreams((data as Methods['setPreferredLayers']['data']).consumers);
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
      case 'getConnectionStats':
        return this.connectionStats();
      case 'requestKeyFrame':
        return this.requestKeyFrame((data as Methods['requestKeyFrame']['data']).consumerId);
      default:
        throw new Refusal('bad_request', `${String(method)} cannot be asked here.`);
    }
  }

  // Leaves the room and frees everything in the engine. What others received from here ends by the
  // engine's own cascade.
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.room.remove(this);
    for (const producerId of this.producers.keys()) this.speakers?.remove(producerId);
    this.sendTransport.close();
    this.recvTransport.close();
    this.seat.leave();
    this.producers.clear();
    this.subscriptions.clear();
    this.data.close();
    this.waitingEvents = null;
  }

  private async connectTransport(data: Methods['connectTransport']['data']): Promise<object> {
    await this.transport(data.transportId).connect({ dtlsParameters: data.dtlsParameters });
    return {};
  }

  private async restartIce({ transportId }: { transportId: string }): Promise<object> {
    return { iceParameters: await this.transport(transportId).restartIce() };
  }

  private async produce(data: Methods['produce']['data']): Promise<{ id: string }> {
    const { source, kind, rtpParameters, paused, capture } = data;
    // One stream per source bounds what one person can make the whole room receive.
    if (this.sourcesInUse.has(source)) {
      throw new Refusal('bad_request', `produce: source: your ${source} is being sent already`);
    }
    this.sourcesInUse.add(source);
    let producer: EngineProducer;
    try {
      producer = await this.sendTransport.produce({ kind, rtpParameters, paused });
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
    this.watchProducer(sent);
    for (const other of this.room.others(this)) void other.offer(this, sent);
    this.room.announce(this, sent);
    return { id: producer.id };
  }

  private closeProducer(producerId: string): object {
    const { source, producer } = this.producer(producerId);
    this.producers.delete(producerId);
    this.sourcesInUse.delete(source);
    this.speakers?.remove(producerId);
    producer.close();
    this.room.retract(producerId);
    return {};
  }

  private async produceData(data: Methods['produceData']['data']): Promise<{ id: string }> {
    const { streamId, purpose, peerId, topic } = data;
    if (purpose === 'chat') {
      const producer = await this.data.openChat(streamId);
      for (const other of this.room.others(this)) void other.data.offer(this.id, producer, null);
      return { id: producer.id };
    }
    const recipient = this.room.peers.get(peerId ?? '');
    if (!recipient || recipient === this) {
      throw new Refusal('not_found', 'produceData: peerId: nobody else of this room');
    }
    const producer = await this.data.openLane(streamId, recipient.id);
    if (!(await recipient.data.offer(this.id, producer, topic ?? ''))) {
      if (!producer.closed) this.data.closeProducer(producer.id);
      throw new Refusal('not_found', 'produceData: peerId: they cannot be reached now');
    }
    return { id: producer.id };
  }

  private async hear(peer: Peer): Promise<DataConsumerDescription | null> {
    return peer.data.chat ? this.data.consume(peer.id, peer.data.chat, null) : null;
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
    await this.producer(producerId).producer.resume();
    return {};
  }

  // A consumer may have ended while the request was under way; that is no error.
  private async resumeConsumers(consumerIds: string[]): Promise<object> {
    const known = consumerIds.flatMap((id) => this.subscriptions.get(id) ?? []);
    await Promise.all(
      known.map((subscription) =>
        subscription.start().catch((error: unknown) => {
          if (!subscription.consumer.closed) throw error;
        }),
      ),
    );
    return {};
  }

  private async watchStreams(wishes: ConsumerWish[]): Promise<object> {
    await Promise.all(
      wishes.map(({ consumerId, ...wish }) => this.subscriptions.get(consumerId)?.watch(wish)),
    );
    return {};
  }

  private async connectionStats(): Promise<ConnectionStats> {
    const [[sending], [receiving]] = await Promise.all([
      this.sendTransport.getStats(),
      this.recvTransport.getStats(),
    ]);
    return {
      availableBitrate: receiving?.availableOutgoingBitrate ?? null,
      desiredBitrate: receiving?.desiredOutgoingBitrate ?? null,
      sentBitrate: receiving?.sendBitrate ?? 0,
      probationBitrate: receiving?.probationSendBitrate ?? 0,
      bandwidthReason: receiving?.bandwidthReason ?? null,
      queueMs: receiving?.sendQueueMs ?? null,
      roundTripTime: receiving?.roundTripTime ?? null,
      receivedBitrate: sending?.recvBitrate ?? 0,
    };
  }

  private async requestKeyFrame(consumerId: string): Promise<object> {
    const subscription = this.subscriptions.get(consumerId);
    if (!subscription) throw new Refusal('not_found', 'requestKeyFrame: no such consumer');
    await subscription.consumer.requestKeyFrame();
    return {};
  }

  private async offer(from: Peer, sent: Sent): Promise<void> {
    const description = await this.consume(from, sent);
    if (description) this.tell('newConsumer', description);
  }

  // Null if this browser cannot decode the stream, or if either side left meanwhile.
  private async consume(from: Peer, sent: Sent): Promise<ConsumerDescription | null> {
    const { producer, source, shape } = sent;
    const { rtpCapabilities } = this.request;
    let consumer: EngineConsumer;
    try {
      if (!this.room.group.canConsume({ producerId: producer.id, rtpCapabilities })) {
        this.log.info('a stream cannot be decoded here', { peer: this.id, producer: producer.id });
        return null;
      }
      const options = { producerId: producer.id, rtpCapabilities, paused: true };
      consumer = await this.room.group.consume(this.recvTransport, options);
    } catch (error) {
      if (!this.closed && !producer.closed) {
        this.log.warn('a stream was not passed on', { peer: this.id, reason: reasonOf(error) });
      }
      return null;
    }
    if (this.closed || consumer.closed) {
      consumer.close();
      return null;
    }
    this.watch(consumer);
    // The size as it is now: it may have changed while the consumer was made.
    const { capture } = sent;
    return {
      id: consumer.id,
      peerId: from.id,
      producerId: producer.id,
      source,
      kind: consumer.kind,
      rtpParameters: consumer.rtpParameters,
      producerPaused: consumer.producerPaused,
      shape,
      capture,
    };
  }

  private watch(consumer: EngineConsumer): void {
    const consumerId = consumer.id;
    this.subscriptions.set(consumerId, new Subscription(consumer, this.log, this.tell));
    consumer.on('producerclose', () => {
      this.subscriptions.delete(consumerId);
      this.tell('consumerClosed', { consumerId });
    });
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

  private watchLink(transport: EngineTransport): void {
    this.iceStates.set(transport.id, 'new');
    transport.on('icestatechange', (state) => {
      this.iceStates.set(transport.id, state);
      this.updateLink();
    });
  }

  // A transport that carries nothing never connects, so one connected transport is enough; one that
  // was connected and is no longer tells of trouble.
  private updateLink(): void {
    const states = [...this.iceStates.values()];
    const up = states.some((state) => state === 'connected' || state === 'completed');
    const link = states.includes('disconnected') ? 'disconnected' : up ? 'connected' : 'connecting';
    if (link === this.link || this.closed) return;
    this.link = link;
    this.room.tellOthers(this, 'peerLink', { peerId: this.id, state: link });
  }

  // Of the router that this person is on.
  private get speakers(): Speakers | undefined {
    return this.room.speakersOf(this.seat.router);
  }

  private transport(id: string): EngineTransport {
    if (id === this.sendTransport.id) return this.sendTransport;
    if (id === this.recvTransport.id) return this.recvTransport;
    throw new Refusal('not_found', 'transportId: no such transport');
  }

  private producer(id: string): Sent {
    const sent = this.producers.get(id);
    if (!sent) throw new Refusal('not_found', 'producerId: no such producer');
    return sent;
  }
}

function createTransport(
  router: EngineRouter,
  { webRtcServer }: LiveWorker,
): Promise<EngineTransport> {
  return router.createWebRtcTransport({
    webRtcServer,
    enableUdp: true,
    initialAvailableOutgoingBitrate: kInitialBitrate,
    enableSctp: true,
    numSctpStreams: { OS: kDataStreams, MIS: kDataStreams },
    maxSctpMessageSize: kMaxDataBytes,
  });
}

function describe(transport: EngineTransport): TransportDescription {
  const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
  if (!sctpParameters) throw new Error('the media server has no data channels');
  return { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters };
}
