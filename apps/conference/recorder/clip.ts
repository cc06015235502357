// One recording of one participant, from its first key frame to its last packet: the tracks, and who
// is on them.
//
// What tracks there are and how they are encoded is settled when it begins. A stream that does not
// fit needs another clip.

import { randomInt } from 'node:crypto';

import type { PictureSize } from '../protocol/messages';
import type { ToolFailure } from './ffmpeg';
import type { Line } from './line';
import { keyFrameIn } from './pictures';
import type { Far, OpenFar } from './receivers';
import type { RtpPacket } from './rtp';
import { Track } from './track';
import type { TrackOutput } from './track';

const kTickMs = 250;
// Sound that comes later than this finds silence in its place.
const kLatenessUs = 1_000_000;
// Sound comes sooner than the picture of the same moment.
const kMostEarly = 100;
// What was sent last is to be read before the goodbye, which overtakes it.
const kDrainMs = 300;

interface Place {
  track: Track;
  line: Line | null;
  output: TrackOutput;
  awaitsKeyFrame: boolean;
}

export interface SizeChange {
  atMs: number;
  size: PictureSize;
}

export class Clip {
  private readonly places: Place[] = [];
  private far: Far | null = null;
  private early: { line: Line; packet: RtpPacket; capturedUs: number }[] = [];
  private begun: { zeroUs: number; at: number } | null = null;
  private ticker: NodeJS.Timeout | null = null;
  private over = false;
  private endedAt: number | null = null;
  private lostBefore = 0;
  readonly sizes: SizeChange[] = [];
  // Resolves when the far end is gone, with the reason if it went by itself.
  ended: Promise<ToolFailure | null> = Promise.resolve(null);

  private constructor(private readonly onBegin: () => void) {}

  // Resolves when the far end listens; the clip begins later, with a key frame.
  static async open(lines: Line[], openFar: OpenFar, onBegin: () => void): Promise<Clip> {
    const clip = new Clip(onBegin);
    const offers = lines.map(({ format }) => ({ format, ssrc: randomInt(1, 2 ** 32) }));
    const far = await openFar(offers);
    for (const [index, line] of lines.entries()) {
      const output = await far.outputs[index]!();
      const { format, ssrc } = offers[index]!;
      const track = new Track(format, ssrc, output);
      clip.places.push({ track, line, output, awaitsKeyFrame: format.kind === 'video' });
    }
    clip.far = far;
    clip.ended = far.ended;
    clip.ticker = setInterval(() => clip.tick(), kTickMs);
    return clip;
  }

  // When it began, as microseconds of the time of day; null if it has not.
  get startUs(): number | null {
    return this.begun?.zeroUs ?? null;
  }

  get seconds(): number {
    return this.begun ? ((this.endedAt ?? performance.now()) - this.begun.at) / 1000 : 0;
  }

  get tracks(): { kind: string; codec: string }[] {
    return this.places.map(({ track: { format } }) => ({
      kind: format.kind,
      codec: format.mimeType.slice(format.mimeType.indexOf('/') + 1),
    }));
  }

  has(line: Line): boolean {
    return this.places.some((place) => place.line === line);
  }

  // Whether the line can take the place of another one.
  fits(line: Line): boolean {
    return this.placeFor(line) !== undefined;
  }

  // What this machine lost on its way into the clip.
  get lost(): number {
    return this.lostBefore + this.places.reduce((sum, { line }) => sum + (line?.lost ?? 0), 0);
  }

  replace(line: Line): void {
    const place = this.placeFor(line);
    if (!place) throw new Error('the line does not fit into this clip');
    this.lostBefore += place.line?.lost ?? 0;
    place.line = line;
    place.track.changeSource();
    place.awaitsKeyFrame = line.format.kind === 'video';
    line.askKeyFrame();
  }

  take(line: Line, packet: RtpPacket, capturedUs: number): void {
    const place = this.places.find((one) => one.line === line);
    if (!place || this.over) return;
    const video = place.track.format.kind === 'video';
    if (video && !this.pass(place, line, packet, capturedUs)) return;
    if (!this.begun && !video && this.hasPicture) return this.keepEarly(line, packet, capturedUs);
    if (!this.begun) this.begin(capturedUs);
    place.track.write(packet, capturedUs);
  }

  // Says goodbye on every track and waits for the file to be closed.
  async end(): Promise<void> {
    if (this.over) return;
    this.over = true;
    this.endedAt = performance.now();
    if (this.ticker) clearInterval(this.ticker);
    if (this.begun) for (const { track } of this.places) track.fillUntil(this.nowUs - kLatenessUs);
    await new Promise((resolve) => setTimeout(resolve, kDrainMs));
    for (const { track } of this.places) track.end(this.nowUs);
    for (const { output } of this.places) output.close();
    await this.far?.stop();
  }

  private get hasPicture(): boolean {
    return this.places.some(({ track }) => track.format.kind === 'video');
  }

  private get nowUs(): number {
    if (!this.begun) return Date.now() * 1000;
    const { zeroUs, at } = this.begun;
    return zeroUs + Math.round((performance.now() - at) * 1000);
  }

  private placeFor({ format }: Line): Place | undefined {
    const same = ({ format: other }: Track) =>
      other.kind === format.kind &&
      other.mimeType === format.mimeType &&
      other.clockRate === format.clockRate &&
      JSON.stringify(other.parameters) === JSON.stringify(format.parameters);
    return this.places.find(({ track }) => same(track));
  }

  // False for pictures that nothing can be made of: those before a key frame.
  private pass(place: Place, line: Line, packet: RtpPacket, capturedUs: number): boolean {
    const key = keyFrameIn(place.track.format.mimeType, packet.payload);
    if (place.awaitsKeyFrame) {
      if (!key || !line.isSettled) return false;
      place.awaitsKeyFrame = false;
    }
    if (key?.size) this.noteSize(key.size, capturedUs);
    return true;
  }

  private noteSize(size: PictureSize, capturedUs: number): void {
    const last = this.sizes.at(-1)?.size;
    if (last?.width === size.width && last.height === size.height) return;
    const zeroUs = this.begun?.zeroUs ?? capturedUs;
    this.sizes.push({ atMs: Math.round((capturedUs - zeroUs) / 1000), size });
  }

  private keepEarly(line: Line, packet: RtpPacket, capturedUs: number): void {
    this.early.push({ line, packet, capturedUs });
    if (this.early.length > kMostEarly) this.early.shift();
  }

  private begin(zeroUs: number): void {
    this.begun = { zeroUs, at: performance.now() };
    for (const { track } of this.places) track.begin(zeroUs);
    const early = this.early;
    this.early = [];
    for (const { line, packet, capturedUs } of early) this.take(line, packet, capturedUs);
    this.onBegin();
  }

  private tick(): void {
    for (const { line, awaitsKeyFrame } of this.places) {
      if (awaitsKeyFrame && line?.isSettled) line.askKeyFrame();
    }
    // Somebody who is muted from the start sends nothing to begin with.
    if (!this.begun && !this.hasPicture) this.begin(Date.now() * 1000);
    if (!this.begun) return;
    for (const { track } of this.places) {
      track.fillUntil(this.nowUs - kLatenessUs);
      track.report(this.nowUs);
    }
  }
}
