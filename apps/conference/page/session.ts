// The media of one stay in a room: two mediasoup-client transports and what runs over them.
//
// A session lasts from one join to the next. When the worker or the socket goes, it is closed and a
// new one is made; nothing in here reconnects, except ICE.

import type { Device, types } from 'mediasoup-client';

import type {
  ConnectionStats,
  ConsumerDescription,
  ConsumerWish,
  Events,
  JoinAnswer,
  PictureSize,
  Source,
} from '../protocol/messages';
import { planEncodings } from './encodings';
import type { Encoding, LayerMode } from './encodings';
import type { CodecName } from './params';
import { SessionData } from './session_data';
import type { DataListener } from './session_data';
import { SenderLayers } from './sender_layers';
import type { Sender } from './sender_layers';
import { RequestError } from './signalling';
import type { Signalling } from './signalling';
import { pageTiming } from './timing';

// Chrome starts an unknown path at 300 kbps, which looks poor for the first seconds.
const kStartKbps = 1000;
// A path that breaks for a moment mends itself; after this long it is helped by an ICE restart.
const kIceGraceMs = 2500;
// A window that is being resized has many sizes on the way.
const kCaptureHoldMs = 1000;
// Camera, screen, and what is being closed.
const kMostEarly = 8;
// What a camera most likely gives, where the browser does not say.
const kUsualCapture: PictureSize = { width: 1280, height: 720 };
// If the restart has not helped by then, only a new join will.
const kIceRestartMs = 8000;

export interface SessionListener {
  // A stream is ready to be shown; its packets start to flow after this returns.
  streamAdded(description: ConsumerDescription, consumer: types.Consumer): void;
  // All decoders of a negotiation stand: the moment to say which layers should come.
  streamsReady(): void;
  streamRemoved(consumerId: string): void;
  linkChanged(up: boolean): void;
  readonly data: DataListener;
  // The media path is beyond repair; the call should join anew.
  broken(): void;
}

export interface Publication {
  track: MediaStreamTrack;
  paused: boolean;
}

// How pictures are to be sent.
export interface Sending {
  codec: types.RtpCodecCapability | undefined;
  layers: LayerMode | null;
}

interface ProduceData {
  source: Source;
  paused: boolean;
  capture: PictureSize | null | undefined;
}

interface Sent {
  producer: types.Producer;
  // Of pictures.
  layers: SenderLayers | null;
  capture: PictureSize | null;
}

export class Session {
  readonly data: SessionData;
  private readonly sendTransport: types.Transport;
  private readonly recvTransport: types.Transport;
  private readonly sent = new Map<Source, Sent>();
  // What the server said of producers whose creation it has not answered yet.
  private readonly wantedEarly = new Map<string, Events['wantedLayers']>();
  private readonly consumers = new Map<string, types.Consumer>();
  // Consumers that ended while they were still being set up.
  private readonly ended = new Set<string>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private readonly states = new Map<string, types.ConnectionState>();
  private receiving = false;
  private closed = false;

  constructor(
    private readonly device: Device,
    private readonly signalling: Signalling,
    answer: JoinAnswer,
    private readonly listener: SessionListener,
    private readonly sending: Sending,
  ) {
    const { iceServers } = answer;
    this.sendTransport = device.createSendTransport({ ...answer.sendTransport, iceServers });
    this.recvTransport = device.createRecvTransport({ ...answer.recvTransport, iceServers });
    const { sendTransport, recvTransport } = this;
    this.data = new SessionData(sendTransport, recvTransport, signalling, listener.data);
    this.watch(this.sendTransport);
    this.watch(this.recvTransport);
    this.sendTransport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, paused, capture } = appData as unknown as ProduceData;
      const data = { source, kind, rtpParameters, paused, capture: capture ?? undefined };
      signalling.request('produce', data).then(done, failed);
    });
  }

  // Takes all streams in one turn, so that they share one negotiation, and asks for their packets
  // when every decoder is in place. The first streams are asked for at once: until their decoders
  // stand there is no path for packets to come by.
  async consume(descriptions: ConsumerDescription[]): Promise<void> {
    const first = !this.receiving;
    this.receiving = true;
    const resumed = first ? this.resume(descriptions.map(({ id }) => id)) : null;
    const shown = Promise.all(descriptions.map((one) => this.consumeOne(one))).then((ready) => {
      const consumerIds = ready.filter((id) => id !== null);
      if (consumerIds.length > 0 && !this.closed) this.listener.streamsReady();
      return consumerIds;
    });
    await Promise.all([resumed, shown.then((ids) => (first ? undefined : this.resume(ids)))]);
  }

  removeConsumer(consumerId: string): void {
    const consumer = this.consumers.get(consumerId);
    if (!consumer) {
      this.ended.add(consumerId);
      return;
    }
    this.consumers.delete(consumerId);
    consumer.close();
    this.listener.streamRemoved(consumerId);
  }

  requestKeyFrame(consumerId: string): void {
    this.signalling.request('requestKeyFrame', { consumerId }).catch(() => {});
  }

  setPreferredLayers(consumers: ConsumerWish[]): void {
    this.signalling.request('setPreferredLayers', { consumers }).catch((error: unknown) => {
      if (!this.closed) console.warn('layers could not be chosen', error);
    });
  }

  connectionStats(): Promise<ConnectionStats> {
    return this.signalling.request('getConnectionStats', {});
  }

  async publish(source: Source, { track, paused }: Publication): Promise<void> {
    // A track muted in an earlier session comes disabled; mediasoup-client would take it as paused.
    track.enabled = !paused;
    const capture = track.kind === 'video' ? captureOf(track) : null;
    const plan = capture ? this.planOf(source, capture) : null;
    const { producer, encodings } = await this.produce({ source, track, paused, capture }, plan);
    if (this.closed) return producer.close();
    const sender = producer.rtpSender as unknown as Sender | undefined;
    const layers = encodings && sender ? new SenderLayers(sender, encodings, pageTiming) : null;
    this.sent.set(source, { producer, layers, capture });
    if (paused) producer.pause();
    const wanted = this.wantedEarly.get(producer.id);
    this.wantedEarly.delete(producer.id);
    if (wanted) layers?.want(wanted);
  }

  async replaceTrack(source: Source, track: MediaStreamTrack): Promise<void> {
    await this.sent.get(source)?.producer.replaceTrack({ track });
    if (track.kind === 'video') this.setCapture(source, captureOf(track));
  }

  // What is captured has this size now.
  setCapture(source: Source, capture: PictureSize): void {
    const sent = this.sent.get(source);
    if (!sent?.capture || isSame(sent.capture, capture)) return;
    sent.capture = capture;
    this.later(kCaptureHoldMs, () => {
      // A later change, or the end of the stream, has taken its place.
      if (sent.capture !== capture || this.sent.get(source) !== sent) return;
      sent.layers?.resize(source === 'screen' ? 'screen' : 'camera', capture);
      const data = { producerId: sent.producer.id, ...capture };
      this.signalling.request('setCapture', data).catch(() => {});
    });
  }

  // The server says what of this page's pictures somebody watches.
  setWanted(wanted: Events['wantedLayers']): void {
    const sent = [...this.sent.values()].find(({ producer }) => producer.id === wanted.producerId);
    if (sent) return sent.layers?.want(wanted);
    // It may also be of a producer that was just closed, and never be fetched.
    if (this.wantedEarly.size >= kMostEarly) this.wantedEarly.clear();
    this.wantedEarly.set(wanted.producerId, wanted);
  }

  encodingsOf(source: Source): Encoding[] {
    return this.sent.get(source)?.layers?.encodings ?? [];
  }

  async setPaused(source: Source, paused: boolean): Promise<void> {
    const producer = this.producerOf(source);
    if (!producer) return;
    const data = { producerId: producer.id };
    if (paused) {
      producer.pause();
      await this.signalling.request('pauseProducer', data);
    } else {
      producer.resume();
      await this.signalling.request('resumeProducer', data);
    }
  }

  async unpublish(source: Source): Promise<void> {
    const { producer, layers } = this.sent.get(source) ?? {};
    if (!producer) return;
    this.sent.delete(source);
    layers?.close();
    producer.close();
    await this.signalling.request('closeProducer', { producerId: producer.id });
  }

  get consumerIds(): string[] {
    return [...this.consumers.keys()];
  }

  // Every transport that has something to carry is connected.
  get isConnected(): boolean {
    const states = [this.sendTransport, this.recvTransport].map((one) => one.connectionState);
    return states.every((state) => state === 'connected' || state === 'new');
  }

  isPublished(source: Source): boolean {
    return this.sent.has(source);
  }

  producerOf(source: Source): types.Producer | undefined {
    return this.sent.get(source)?.producer;
  }

  // There is a new network: what has been noticed to be broken need not be waited for.
  mendNow(): void {
    for (const transport of [this.sendTransport, this.recvTransport]) {
      if (transport.connectionState === 'disconnected') void this.mend(transport);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const { layers } of this.sent.values()) layers?.close();
    this.data.close();
    this.sendTransport.close();
    this.recvTransport.close();
  }

  private async resume(consumerIds: string[]): Promise<void> {
    if (consumerIds.length === 0 || this.closed) return;
    await this.signalling.request('resumeConsumers', { consumerIds });
  }

  // The id if the stream is shown, null if it ended or cannot be decoded after all.
  private async consumeOne(description: ConsumerDescription): Promise<string | null> {
    const { id, producerId, kind, rtpParameters, peerId, source } = description;
    // Sound and picture of one person are kept in step; a shared screen is a stream of its own.
    const streamId = `${peerId}-${source.startsWith('screen') ? 'screen' : 'person'}`;
    try {
      const options = { id, producerId, kind, rtpParameters, streamId };
      const consumer = await this.recvTransport.consume(options);
      if (this.closed) return null;
      if (this.ended.delete(id)) {
        consumer.close();
        return null;
      }
      this.consumers.set(id, consumer);
      this.listener.streamAdded(description, consumer);
      return id;
    } catch (error) {
      if (!this.closed) console.warn('a stream cannot be shown', error);
      return null;
    }
  }

  private planOf(source: Source, capture: PictureSize): Encoding[] {
    const { codec, layers } = this.sending;
    const [first] = this.device.sendRtpCapabilities.codecs?.filter(isPicture) ?? [];
    return planEncodings({
      source: source === 'screen' ? 'screen' : 'camera',
      codec: ((codec ?? first)?.mimeType.split('/')[1]?.toUpperCase() ?? null) as CodecName | null,
      mode: layers,
      capture,
      canSvc: this.device.handlerName?.startsWith('Chrome') ?? false,
    });
  }

  // With the planned encodings or, where the browser or the server refuses them, with one.
  private async produce(
    what: ProduceData & { track: MediaStreamTrack },
    plan: Encoding[] | null,
  ): Promise<{ producer: types.Producer; encodings: Encoding[] | null }> {
    const options = this.produceOptions(what);
    if (!plan) return { producer: await this.sendTransport.produce(options), encodings: null };
    try {
      const encodings = structuredClone(plan);
      const producer = await this.sendTransport.produce({ ...options, encodings });
      return { producer, encodings: plan };
    } catch (error) {
      const isPlain = plan.length === 1 && !plan[0]?.scalabilityMode;
      if (this.closed || isPlain || this.signalling.closed) throw error;
      console.warn(`${what.source} is sent without layers`, error);
      const top = plan[plan.length - 1];
      const encodings = [{ maxBitrate: top?.maxBitrate, maxFramerate: top?.maxFramerate }];
      const producer = await this.sendTransport.produce({ ...options, encodings });
      return { producer, encodings };
    }
  }

  private produceOptions({
    source,
    track,
    paused,
    capture,
  }: ProduceData & { track: MediaStreamTrack }): types.ProducerOptions {
    // Tracks belong to local_media.ts, which may publish them again in the next session.
    const options: types.ProducerOptions = {
      track,
      stopTracks: false,
      appData: { source, paused, capture: capture ?? undefined },
    };
    if (track.kind === 'audio') {
      const stereo = source === 'screen-audio';
      return {
        ...options,
        codecOptions: { opusStereo: stereo, opusDtx: !stereo, opusFec: true },
      };
    }
    return {
      ...options,
      codecOptions: { videoGoogleStartBitrate: kStartKbps },
      codec: this.sending.codec,
    };
  }

  private watch(transport: types.Transport): void {
    transport.on('connect', ({ dtlsParameters }, done) => {
      const data = { transportId: transport.id, dtlsParameters };
      // The browser goes on without the answer: the server takes requests in order, and checks of
      // the path can run meanwhile. A handshake that overtakes the request is repeated.
      this.signalling.request('connectTransport', data).catch((error: unknown) => {
        if (this.closed || isConnected(error)) return;
        console.warn('a transport could not be connected', error);
        this.listener.broken();
      });
      done();
    });
    transport.on('connectionstatechange', (state) => {
      this.states.set(transport.id, state);
      const lost = [...this.states.values()].some(
        (one) => one === 'disconnected' || one === 'failed',
      );
      this.listener.linkChanged(!lost);
      // What took the path may have taken the signalling too, which is what mends it.
      if (lost) this.signalling.probe();
      if (state === 'failed') void this.mend(transport);
      if (state === 'disconnected') this.later(kIceGraceMs, () => void this.mend(transport));
    });
  }

  private async mend(transport: types.Transport): Promise<void> {
    if (this.closed || transport.connectionState === 'connected') return;
    this.later(kIceRestartMs, () => {
      if (transport.connectionState !== 'connected') this.listener.broken();
    });
    try {
      const answer = await this.signalling.request('restartIce', { transportId: transport.id });
      if (!this.closed) await transport.restartIce(answer);
    } catch (error) {
      console.warn('the connection could not be restarted', error);
    }
  }

  private later(delayMs: number, task: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!this.closed) task();
    }, delayMs);
    this.timers.add(timer);
  }
}

function isPicture({ kind, mimeType }: types.RtpCodecCapability): boolean {
  return kind === 'video' && !mimeType.toLowerCase().endsWith('/rtx');
}

function captureOf(track: MediaStreamTrack): PictureSize {
  const { width, height } = track.getSettings();
  return width && height ? { width, height } : kUsualCapture;
}

function isSame(a: PictureSize, b: PictureSize): boolean {
  return a.width === b.width && a.height === b.height;
}

// Asked twice, as by a request whose answer was lost: what is asked for is there.
function isConnected(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'already_connected';
}
