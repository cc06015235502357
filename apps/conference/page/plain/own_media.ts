// What this person sends: camera, microphone, screen.

import { planEncodings } from '../encodings';
import type { PictureSize, SectionUse, Source } from '../../protocol/messages';
import { captureOf } from './link';
import type { Link, Sending } from './link';

const kCamera = { width: { ideal: 1280 }, height: { ideal: 720 } };

export class OwnMedia {
  readonly stream = new MediaStream();
  private readonly sendings = new Map<Source, Sending>();

  constructor(
    private readonly changed: () => void,
    private readonly codec: 'VP8' = 'VP8',
  ) {}

  track(source: Source): MediaStreamTrack | null {
    return this.tracks.get(source) ?? null;
  }

  private readonly tracks = new Map<Source, MediaStreamTrack>();

  // Asks the person; what is refused is simply not there.
  async open(kinds: { audio: boolean; video: boolean }): Promise<void> {
    if (!kinds.audio && !kinds.video) return;
    const video = kinds.video ? kCamera : false;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: kinds.audio, video });
    for (const track of stream.getTracks()) {
      this.keep(track.kind === 'audio' ? 'microphone' : 'camera', track);
    }
  }

  async shareScreen(link: Link): Promise<void> {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
    const [track] = stream.getVideoTracks();
    if (!track) return;
    track.addEventListener('ended', () => void this.stop(link, 'screen'));
    this.keep('screen', track);
    await this.send(link, 'screen');
  }

  async startCamera(link: Link): Promise<void> {
    await this.open({ audio: false, video: true });
    await this.send(link, 'camera');
  }

  async stop(link: Link, source: Source): Promise<void> {
    const track = this.tracks.get(source);
    if (!track) return;
    this.tracks.delete(source);
    this.stream.removeTrack(track);
    track.stop();
    const sending = this.sendings.get(source);
    if (sending) await link.replace(sending, null);
    this.changed();
  }

  // The first time a section is made for it, from then on that is used again.
  async send(link: Link, source: Source): Promise<void> {
    const track = this.tracks.get(source);
    if (!track) return;
    const sending = this.sendings.get(source);
    if (sending) await link.replace(sending, track);
    else this.sendings.set(source, link.add(track, ...this.planOf(source, track)));
  }

  // On a new connection everything is sent anew.
  async sendAll(link: Link): Promise<void> {
    this.sendings.clear();
    for (const source of this.tracks.keys()) await this.send(link, source);
  }

  close(): void {
    for (const track of this.tracks.values()) track.stop();
    this.tracks.clear();
  }

  private keep(source: Source, track: MediaStreamTrack): void {
    this.tracks.get(source)?.stop();
    this.tracks.set(source, track);
    if (source === 'camera') this.stream.addTrack(track);
    this.changed();
  }

  private planOf(
    source: Source,
    track: MediaStreamTrack,
  ): [SectionUse, RTCRtpEncodingParameters[]] {
    const capture = captureOf(track);
    if (track.kind === 'audio') return [{ source }, []];
    const use = capture ? { source, capture } : { source };
    return [use, this.encodingsOf(source as 'camera' | 'screen', capture)];
  }

  private encodingsOf(
    source: 'camera' | 'screen',
    capture: PictureSize = { width: 1280, height: 720 },
  ): RTCRtpEncodingParameters[] {
    const plan = { source, codec: this.codec, mode: null, capture, canSvc: false };
    const encodings = planEncodings(plan);
    // Frame rates within a size are for browsers that know them.
    return encodings.map(({ scalabilityMode: _, ...encoding }, index) => ({
      ...encoding,
      rid: encoding.rid ?? `r${index}`,
    }));
  }
}
