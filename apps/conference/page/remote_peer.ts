// Another person in the room as this page shows them: tiles, sound, and how well both arrive.

import type { types } from 'mediasoup-client';

import type {
  ConsumerDescription,
  Layers,
  LayerShape,
  LinkState,
  PeerDescription,
  PictureSize,
  Source,
} from '../protocol/messages';
import { whenFlowing } from './flowing';
import { receiverLevel, SpeakingDetector } from './sound_level';
import { StreamMeter } from './stream_meter';
import { Tile } from './tile';
import { pageTiming } from './timing';
import type { Quality } from './tile';

// One stream of this person, and what the server says of it.
export interface RemoteStream {
  id: string;
  producerId: string;
  source: Source;
  consumer: types.Consumer;
  paused: boolean;
  shape: LayerShape | null;
  capture: PictureSize | null;
  layers: Layers | null;
  layersReason: string | null;
  // performance.now() of the last change, and how many there were.
  layersChangedAt: number | null;
  layersChanges: number;
  score: number | null;
  producerScore: number | null;
  meter: StreamMeter;
}

export interface RemotePeerListener {
  // The browser wants a click before it plays sound.
  soundBlocked(): void;
  screenAdded(): void;
  screenRemoved(): void;
  pinned(tile: Tile): void;
  panelToggled(tile: Tile): void;
}

interface LossSample {
  received: number;
  lost: number;
}

export class RemotePeer {
  readonly id: string;
  readonly name: string;
  readonly tile: Tile;
  screenTile: Tile | null = null;
  // performance.now() of the first decoded picture; null until there is one.
  firstFrameAt: number | null = null;
  // In dBov as the server hears it; null in silence.
  volume: number | null = null;
  private readonly streams = new Map<string, RemoteStream>();
  private readonly sounds = new Map<Source, HTMLAudioElement>();
  // Of a stream that is to take the place of another, which one that is.
  private readonly successions = new Map<string, { before: string; stop: () => void }>();
  private readonly speaking = new SpeakingDetector();
  private link: LinkState = 'connecting';
  private lastLoss: LossSample | null = null;
  private loudness = 1;

  constructor(
    { id, name }: PeerDescription,
    private readonly listener: RemotePeerListener,
  ) {
    this.id = id;
    this.name = name;
    this.tile = new Tile({
      name,
      onVolume: (volume) => this.setLoudness(volume),
      onPin: () => listener.pinned(this.tile),
      onPanel: () => listener.panelToggled(this.tile),
    });
    this.refresh();
  }

  addStream(description: ConsumerDescription, consumer: types.Consumer): void {
    const { id, producerId, source, producerPaused, shape, capture } = description;
    const before = this.streamOf(source);
    this.streams.set(id, {
      id,
      producerId,
      source,
      consumer,
      paused: producerPaused,
      shape,
      capture,
      layers: null,
      layersReason: null,
      layersChangedAt: null,
      layersChanges: 0,
      score: null,
      producerScore: null,
      meter: new StreamMeter(),
    });
    if (before) this.awaitSuccession(before.id, id);
    else this.show(source, consumer.track);
    this.refresh();
  }

  // The sender is on another worker now: what came before is shown until the new stream flows.
  private awaitSuccession(before: string, after: string): void {
    const stream = this.streams.get(after);
    if (!stream) return;
    const succeed = () => this.succeed(before, after);
    const stop = whenFlowing(stream.consumer, pageTiming, succeed);
    // What is paused will not flow, and there is nothing to see of it.
    if (stream.paused) succeed();
    else this.successions.set(after, { before, stop });
  }

  private succeed(before: string, after: string): void {
    this.successions.get(after)?.stop();
    this.successions.delete(after);
    const stream = this.streams.get(after);
    if (!stream) return;
    this.streams.delete(before);
    const { source, consumer } = stream;
    if (source === 'camera') this.tile.succeed(consumer.track);
    else if (source === 'screen' && this.screenTile) this.screenTile.succeed(consumer.track);
    else this.show(source, consumer.track);
    this.refresh();
  }

  private show(source: Source, track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    switch (source) {
      case 'camera':
        this.tile.setStream(stream);
        this.awaitFirstFrame();
        break;
      case 'screen':
        this.screenTile?.dispose();
        this.screenTile = this.makeScreenTile();
        this.screenTile.setStream(stream);
        this.screenTile.setPicture(true);
        this.listener.screenAdded();
        break;
      default:
        this.play(source, stream);
    }
  }

  removeStream(consumerId: string): void {
    const stream = this.streams.get(consumerId);
    if (!stream) return;
    for (const [after, { before }] of this.successions) {
      if (before === consumerId) return this.succeed(before, after);
    }
    this.successions.get(consumerId)?.stop();
    this.streams.delete(consumerId);
    // It was to follow one that is still shown.
    if (this.successions.delete(consumerId)) return;
    if (stream.source === 'camera') this.tile.setStream(null);
    if (stream.source === 'screen') {
      this.screenTile?.dispose();
      this.screenTile = null;
      this.listener.screenRemoved();
    }
    this.silence(stream.source);
    this.refresh();
  }

  hasStream(consumerId: string): boolean {
    return this.streams.has(consumerId);
  }

  stream(consumerId: string): RemoteStream | undefined {
    return this.streams.get(consumerId);
  }

  get pictures(): RemoteStream[] {
    return [...this.streams.values()].filter(({ consumer }) => consumer.kind === 'video');
  }

  // Where a picture is shown.
  tileOf(source: Source): Tile | null {
    return source === 'screen' ? this.screenTile : this.tile;
  }

  setLayers(consumerId: string, layers: Layers | null, reason: string): void {
    const stream = this.streams.get(consumerId);
    if (!stream) return;
    stream.layers = layers;
    stream.layersReason = reason;
    stream.layersChangedAt = performance.now();
    stream.layersChanges += 1;
  }

  setScore(consumerId: string, score: number, producerScore: number): void {
    const stream = this.streams.get(consumerId);
    if (stream) Object.assign(stream, { score, producerScore });
  }

  setPaused(consumerId: string, paused: boolean): void {
    const stream = this.streams.get(consumerId);
    if (!stream) return;
    stream.paused = paused;
    this.refresh();
  }

  setLink(link: LinkState): void {
    this.link = link;
    if (link === 'disconnected') this.tile.setQuality('lost');
    else this.tile.setQuality('good');
  }

  get isMuted(): boolean {
    return this.isSilent('microphone');
  }

  get isCameraOff(): boolean {
    return this.isSilent('camera');
  }

  consumerOf(source: Source): types.Consumer | undefined {
    return this.streamOf(source)?.consumer;
  }

  // Several times a second: is this person speaking?
  updateSpeaking(now: number): void {
    const level = this.isMuted ? 0 : receiverLevel(this.consumerOf('microphone')?.rtpReceiver);
    this.tile.setSpeaking(this.speaking.update(level, now));
  }

  // Every few seconds: how much of what they send is lost on the way?
  updateLoss(sample: LossSample): void {
    const last = this.lastLoss;
    this.lastLoss = sample;
    if (!last || this.link === 'disconnected') return;
    const lost = Math.max(0, sample.lost - last.lost);
    const received = Math.max(0, sample.received - last.received);
    const total = lost + received;
    if (total > 0) this.tile.setQuality(qualityOf(lost / total));
  }

  // After the click that browsers ask for before they play sound.
  resumeSound(): void {
    for (const sound of this.sounds.values()) void sound.play().catch(() => {});
  }

  dispose(): void {
    for (const source of [...this.sounds.keys()]) this.silence(source);
    for (const { stop } of this.successions.values()) stop();
    this.successions.clear();
    this.tile.dispose();
    this.screenTile?.dispose();
    this.screenTile = null;
    this.streams.clear();
  }

  streamOf(source: Source): RemoteStream | undefined {
    return [...this.streams.values()].find((stream) => stream.source === source);
  }

  private isSilent(source: Source): boolean {
    const stream = this.streamOf(source);
    return !stream || stream.paused;
  }

  private makeScreenTile(): Tile {
    const tile: Tile = new Tile({
      name: `${this.name}’s screen`,
      screen: true,
      onPin: () => this.listener.pinned(tile),
      onPanel: () => this.listener.panelToggled(tile),
    });
    return tile;
  }

  private refresh(): void {
    this.tile.setMuted(this.isMuted);
    this.tile.setPicture(!this.isCameraOff);
    if (this.isMuted) this.tile.setSpeaking(false);
  }

  private play(source: Source, stream: MediaStream): void {
    this.silence(source);
    // Out of the document is enough for sound; it outlives the tile being moved about.
    const sound = new Audio();
    sound.autoplay = true;
    sound.srcObject = stream;
    sound.volume = this.loudness;
    this.sounds.set(source, sound);
    sound.play().catch((error: unknown) => {
      if (error instanceof DOMException && error.name === 'NotAllowedError') {
        this.listener.soundBlocked();
      }
    });
  }

  private silence(source: Source): void {
    const sound = this.sounds.get(source);
    if (!sound) return;
    this.sounds.delete(source);
    sound.srcObject = null;
  }

  private setLoudness(volume: number): void {
    this.loudness = volume;
    for (const sound of this.sounds.values()) sound.volume = volume;
  }

  private awaitFirstFrame(): void {
    if (this.firstFrameAt !== null) return;
    const seen = () => (this.firstFrameAt ??= performance.now());
    const { video } = this.tile;
    // Firefox before 132 lacks it; "loadeddata" also comes with the first picture.
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(seen);
    else (video as HTMLVideoElement).addEventListener('loadeddata', seen, { once: true });
  }
}

// Concealment hides a few per cent; from there on people notice.
export function qualityOf(lossShare: number): Quality {
  if (lossShare > 0.12) return 'poor';
  return lossShare > 0.03 ? 'fair' : 'good';
}
