// A file on its way to this page, from a person whose offer was accepted.
//
// What comes is counted, put in order by its index, and believed only when size and SHA-256 are
// those that were offered. Nothing is saved by itself.

import type { InLane, OpenLane, OutLane } from './lane';
import type { Timing } from './timing';
import { kStallMs } from './upload';
import { encodeWord, kPartBytes, readPart } from './words';
import type { FileOffer, LaneWord } from './words';

// Every second part is acknowledged: a third of a window.
const kAcknowledgeBytes = 2 * kPartBytes;
// So many parts become one piece that the browser may keep outside of its memory.
const kPartsOfAPiece = 64;
// The sender closes its lane when it has heard the end; if it does not, ours closes by itself.
const kGoodbyeMs = 5000;

export type DownloadEnd =
  'complete' | 'cancelled' | 'withdrawn' | 'damaged' | 'stalled' | 'refused' | 'left';

export interface DownloadListener {
  progress(): void;
  ended(end: DownloadEnd): void;
}

export interface DownloadOptions {
  peerId: string;
  offer: FileOffer;
  openLane: OpenLane;
  // Hexadecimal digits.
  sha256: (content: Blob) => Promise<string>;
  timing: Timing;
  listener: DownloadListener;
}

export class Download implements InLane {
  received = 0;
  end: DownloadEnd | null = null;
  // Once it is complete.
  content: Blob | null = null;
  private lane: OutLane | null = null;
  private hears = false;
  private begun = false;
  private parts = 0;
  private acknowledged = 0;
  private pieces: Blob[] = [];
  private loose: Uint8Array<ArrayBuffer>[] = [];
  private stopTimer: () => void = () => {};

  constructor(private readonly options: DownloadOptions) {}

  get peerId(): string {
    return this.options.peerId;
  }

  get fileId(): string {
    return this.options.offer.id;
  }

  // Accepts the offer. Never rejects. How long the sender takes is its business: it may have others
  // to serve first.
  async start(): Promise<void> {
    const { peerId, offer, openLane } = this.options;
    try {
      const lane = await openLane(peerId, offer.id);
      if (this.end) return lane.close();
      this.lane = lane;
      this.begin();
    } catch {
      this.finish('refused');
    }
  }

  ready(): void {
    this.hears = true;
    this.begin();
  }

  message(data: unknown): void {
    if (this.end || !this.begun) return;
    const { size } = this.options.offer;
    const part = readPart(data);
    const due = Math.min(kPartBytes, size - this.received);
    if (!part || part.index !== this.parts || part.bytes.length !== due) {
      return this.failDamaged();
    }
    this.keep(part.bytes as Uint8Array<ArrayBuffer>);
    this.watch();
    this.options.listener.progress();
    if (this.received === size) void this.check();
    else if (this.received - this.acknowledged >= kAcknowledgeBytes) this.acknowledge();
  }

  closed(): void {
    // Everything has come: what the check says counts.
    if (this.received < this.options.offer.size || !this.begun) this.finish('withdrawn');
    else this.closeLane();
  }

  stop(end: DownloadEnd): void {
    this.finish(end);
  }

  private begin(): void {
    if (!this.lane || !this.hears || this.begun || this.end) return;
    this.begun = true;
    this.say({ type: 'go' });
    this.watch();
    if (this.options.offer.size === 0) void this.check();
  }

  private keep(bytes: Uint8Array<ArrayBuffer>): void {
    this.parts += 1;
    this.received += bytes.length;
    this.loose.push(bytes);
    if (this.loose.length < kPartsOfAPiece) return;
    this.pieces.push(new Blob(this.loose));
    this.loose = [];
  }

  private acknowledge(): void {
    this.acknowledged = this.received;
    this.say({ type: 'got', bytes: this.received });
  }

  private async check(): Promise<void> {
    this.stopTimer();
    this.acknowledge();
    // Of no type that a browser would open by itself.
    const content = new Blob([...this.pieces, ...this.loose], { type: 'application/octet-stream' });
    this.pieces = this.loose = [];
    const found = await this.options.sha256(content).catch(() => null);
    if (this.end) return;
    if (content.size !== this.options.offer.size || found !== this.options.offer.sha256) {
      return this.failDamaged();
    }
    this.content = content;
    this.say({ type: 'done' });
    this.conclude('complete');
  }

  private failDamaged(): void {
    this.say({ type: 'damaged' });
    this.conclude('damaged');
  }

  // Our last word must reach the sender, who then closes its lane.
  private conclude(end: DownloadEnd): void {
    const lane = this.lane;
    this.lane = null;
    this.finish(end);
    if (!lane) return;
    this.lane = lane;
    this.stopTimer = this.options.timing.after(kGoodbyeMs, () => this.closeLane());
  }

  private say(word: LaneWord): void {
    this.lane?.send(encodeWord(word));
  }

  private watch(): void {
    this.stopTimer();
    this.stopTimer = this.options.timing.after(kStallMs, () => this.finish('stalled'));
  }

  private finish(end: DownloadEnd): void {
    if (this.end) return this.closeLane();
    this.end = end;
    this.stopTimer();
    this.pieces = this.loose = [];
    this.closeLane();
    this.options.listener.ended(end);
  }

  private closeLane(): void {
    if (this.end) this.stopTimer();
    this.lane?.close();
    this.lane = null;
  }
}
