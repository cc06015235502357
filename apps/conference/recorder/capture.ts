// What one participant shows, camera or screen, with the sound that belongs to it: a clip as long as
// the streams fit into it, then the next one.

import type { StreamFacts } from '../protocol/control';
import type { Kind, Source } from '../protocol/messages';
import { Clip } from './clip';
import { isReadable } from './containers';
import { ToolFailure } from './ffmpeg';
import type { Line, LineListener } from './line';
import type { OpenFar } from './receivers';

export type Content = 'camera' | 'screen';

const kReconcileMs = 100;
// Sound and picture of somebody who joins are announced one after the other, and an encoder takes a
// moment: a clip without the picture would be followed by another one at once.
const kGatherMs = 400;
const kPatienceMs = 2500;
const kMostFailures = 3;

export interface CaptureListener {
  // Where the next part goes.
  openFar(part: number): OpenFar;
  began(capture: Capture, part: number, clip: Clip): void;
  ended(part: number, clip: Clip, failure: ToolFailure | null): void;
  failed(failure: ToolFailure): void;
  // Once for a stream that no tool here can read.
  skipped(stream: StreamFacts, mimeType: string): void;
}

export type OpenLine = (stream: StreamFacts, listener: LineListener) => Promise<Line>;

export function contentOf(source: Source): Content {
  return source === 'camera' || source === 'microphone' ? 'camera' : 'screen';
}

export class Capture {
  private readonly lines = new Map<string, Line>();
  private readonly gone = new Set<string>();
  private clip: Clip | null = null;
  private gatheringSince: number | null = null;
  private busy: Promise<void> | null = null;
  private parts = 0;
  private failures = 0;
  private over = false;
  private readonly ticker = setInterval(() => void this.settle(), kReconcileMs);

  constructor(
    private readonly openLine: OpenLine,
    private readonly listener: CaptureListener,
  ) {}

  async add(stream: StreamFacts): Promise<void> {
    const { producerId } = stream;
    const line = await this.openLine(stream, (packet, us) => this.clip?.take(line, packet, us));
    if (this.over || this.gone.has(producerId)) return line.close();
    this.lines.set(producerId, line);
    if (!isReadable(line.format)) this.listener.skipped(stream, line.format.mimeType);
  }

  remove(producerId: string): void {
    this.gone.add(producerId);
    this.lines.get(producerId)?.close();
    this.lines.delete(producerId);
  }

  lineOf(consumerId: string): Line | undefined {
    return [...this.lines.values()].find((line) => line.consumerId === consumerId);
  }

  get isIdle(): boolean {
    return this.lines.size === 0 && this.clip === null;
  }

  async end(): Promise<void> {
    this.over = true;
    clearInterval(this.ticker);
    await this.busy;
    for (const line of this.lines.values()) line.close();
    this.lines.clear();
    await this.endClip(null);
  }

  private settle(): Promise<void> {
    this.busy ??= this.reconcile()
      .catch((error: unknown) => this.fail(error))
      .finally(() => (this.busy = null));
    return this.busy;
  }

  private async reconcile(): Promise<void> {
    const lines = [...this.lines.values()].filter(({ format }) => isReadable(format));
    const ready = lines.filter(({ stream, flows }) => stream.kind === 'audio' || flows);
    if (this.clip) {
      if (lines.length === 0) return this.endClip(null);
      for (const line of ready) {
        if (this.clip.has(line)) continue;
        if (!this.clip.fits(line)) return this.endClip(null);
        this.clip.replace(line);
      }
      return;
    }
    if (ready.length === 0 || this.failures >= kMostFailures || this.over) return;
    this.gatheringSince ??= performance.now();
    const gathered = performance.now() - this.gatheringSince;
    const complete = ready.length === lines.length && gathered > kGatherMs;
    if (complete || gathered > kPatienceMs) await this.openClip(oneOfEach(ready));
  }

  private async openClip(lines: Line[]): Promise<void> {
    this.gatheringSince = null;
    const part = ++this.parts;
    const openFar = this.listener.openFar(part);
    const clip = await Clip.open(lines, openFar, () => this.listener.began(this, part, clip));
    this.clip = clip;
    void clip.ended.then((failure) => {
      if (failure && this.clip === clip) void this.endClip(failure);
    });
  }

  private async endClip(failure: ToolFailure | null): Promise<void> {
    const { clip, parts } = this;
    this.clip = null;
    if (!clip) return;
    await clip.end();
    const why = failure ?? (await clip.ended);
    this.listener.ended(parts, clip, why);
    if (why) this.fail(why);
  }

  private fail(error: unknown): void {
    this.failures += 1;
    const failure =
      error instanceof ToolFailure
        ? error
        : new ToolFailure('died', error instanceof Error ? error.message : String(error));
    this.listener.failed(failure);
  }
}

// Whoever reconnects may be there twice for a moment; the newer stream is the living one.
function oneOfEach(lines: Line[]): Line[] {
  return [...new Map<Kind, Line>(lines.map((line) => [line.stream.kind, line])).values()];
}
