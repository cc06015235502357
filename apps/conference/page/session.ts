// The media of one stay in a room: two mediasoup-client transports and what runs over them.
//
// A session lasts from one join to the next. When the worker or the socket goes, it is closed and a
// new one is made; nothing in here reconnects, except ICE.

import type { Device, types } from 'mediasoup-client';

import type { ConsumerDescription, JoinAnswer, Source } from '../protocol/messages';
import type { Signalling } from './signalling';

const kCameraBitrate = 1_500_000;
const kScreenBitrate = 2_500_000;
// Chrome starts an unknown path at 300 kbps, which looks poor for the first seconds.
const kStartKbps = 1000;
// A path that breaks for a moment mends itself; after this long it is helped by an ICE restart.
const kIceGraceMs = 2500;
// If the restart has not helped by then, only a new join will.
const kIceRestartMs = 8000;

export interface SessionListener {
  // A stream is ready to be shown; its packets start to flow after this returns.
  streamAdded(description: ConsumerDescription, consumer: types.Consumer): void;
  streamRemoved(consumerId: string): void;
  linkChanged(up: boolean): void;
  // The media path is beyond repair; the call should join anew.
  broken(): void;
}

export interface Publication {
  track: MediaStreamTrack;
  paused: boolean;
}

export class Session {
  private readonly sendTransport: types.Transport;
  private readonly recvTransport: types.Transport;
  private readonly producers = new Map<Source, types.Producer>();
  private readonly consumers = new Map<string, types.Consumer>();
  // Consumers that ended while they were still being set up.
  private readonly ended = new Set<string>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private readonly states = new Map<string, types.ConnectionState>();
  private receiving = false;
  private closed = false;

  constructor(
    device: Device,
    private readonly signalling: Signalling,
    answer: JoinAnswer,
    private readonly listener: SessionListener,
    private readonly codec: types.RtpCodecCapability | undefined,
  ) {
    this.sendTransport = device.createSendTransport(answer.sendTransport);
    this.recvTransport = device.createRecvTransport(answer.recvTransport);
    this.watch(this.sendTransport);
    this.watch(this.recvTransport);
    this.sendTransport.on('produce', ({ kind, rtpParameters, appData }, done, failed) => {
      const { source, paused } = appData as { source: Source; paused: boolean };
      signalling.request('produce', { source, kind, rtpParameters, paused }).then(done, failed);
    });
  }

  // Takes all streams in one turn, so that they share one negotiation, and asks for their packets
  // when every decoder is in place. The first streams are asked for at once: until their decoders
  // stand there is no path for packets to come by.
  async consume(descriptions: ConsumerDescription[]): Promise<void> {
    const first = !this.receiving;
    this.receiving = true;
    const resumed = first ? this.resume(descriptions.map(({ id }) => id)) : null;
    const ready = await Promise.all(descriptions.map((one) => this.consumeOne(one)));
    await (resumed ?? this.resume(ready.filter((id) => id !== null)));
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

  async publish(source: Source, { track, paused }: Publication): Promise<void> {
    // A track muted in an earlier session comes disabled; mediasoup-client would take it as paused.
    track.enabled = !paused;
    const producer = await this.sendTransport.produce(this.produceOptions(source, track, paused));
    if (this.closed) return producer.close();
    this.producers.set(source, producer);
    if (paused) producer.pause();
  }

  async replaceTrack(source: Source, track: MediaStreamTrack): Promise<void> {
    await this.producers.get(source)?.replaceTrack({ track });
  }

  async setPaused(source: Source, paused: boolean): Promise<void> {
    const producer = this.producers.get(source);
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
    const producer = this.producers.get(source);
    if (!producer) return;
    this.producers.delete(source);
    producer.close();
    await this.signalling.request('closeProducer', { producerId: producer.id });
  }

  isPublished(source: Source): boolean {
    return this.producers.has(source);
  }

  producerOf(source: Source): types.Producer | undefined {
    return this.producers.get(source);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
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

  private produceOptions(
    source: Source,
    track: MediaStreamTrack,
    paused: boolean,
  ): types.ProducerOptions {
    // Tracks belong to local_media.ts, which may publish them again in the next session.
    const options: types.ProducerOptions = {
      track,
      stopTracks: false,
      appData: { source, paused },
    };
    if (track.kind === 'audio') {
      const stereo = source === 'screen-audio';
      return {
        ...options,
        codecOptions: { opusStereo: stereo, opusDtx: !stereo, opusFec: true },
      };
    }
    const maxBitrate = source === 'screen' ? kScreenBitrate : kCameraBitrate;
    return {
      ...options,
      encodings: [{ maxBitrate }],
      codecOptions: { videoGoogleStartBitrate: kStartKbps },
      codec: this.codec,
    };
  }

  private watch(transport: types.Transport): void {
    transport.on('connect', ({ dtlsParameters }, done) => {
      const data = { transportId: transport.id, dtlsParameters };
      // The browser goes on without the answer: the server takes requests in order, and checks of
      // the path can run meanwhile. A handshake that overtakes the request is repeated.
      this.signalling.request('connectTransport', data).catch((error: unknown) => {
        if (this.closed) return;
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
