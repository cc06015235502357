// A file on its way to one person who accepted it.
//
// The receiver opens a lane to us, which is how it accepts; we open one back, and it says `go` when
// it can hear. From then on there is never more under way than a window: the media server keeps
// messages for a slow receiver only up to a bound, and drops what is beyond.

import type { InLane, OpenLane, OutLane } from './lane';
import type { Timing } from './timing';
import { encodePart, kPartBytes, readLaneWord } from './words';

// Four files to one person, each with this much under way, fit into what the server buffers for it
// (2 MB), and leave room for chat.
export const kWindowBytes = 6 * kPartBytes;
// Half a window waits in the browser at most, so that chat is not far behind.
const kMostBuffered = 3 * kPartBytes;
// A receiver that says nothing for so long is not coming back.
export const kStallMs = 30_000;

export type UploadEnd =
  'delivered' | 'cancelled' | 'refused' | 'damaged' | 'stalled' | 'unreadable' | 'left';

// The part of File that is needed.
export interface Source {
  readonly size: number;
  slice(from: number, to: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

export interface UploadListener {
  progress(): void;
  ended(end: UploadEnd): void;
}

export interface UploadOptions {
  peerId: string;
  fileId: string;
  source: Source;
  openLane: OpenLane;
  timing: Timing;
  listener: UploadListener;
}

export class Upload implements InLane {
  acknowledged = 0;
  end: UploadEnd | null = null;
  private lane: OutLane | null = null;
  private hasTurn = false;
  private hears = false;
  private started = false;
  private going = false;
  private sent = 0;
  private reading = false;
  private stopTimer: () => void = () => {};

  constructor(private readonly options: UploadOptions) {}

  get peerId(): string {
    return this.options.peerId;
  }

  // Its turn has come.
  start(): void {
    this.hasTurn = true;
    void this.begin();
  }

  // The lane of the receiver is heard. Before that its `go` would be lost.
  ready(): void {
    this.hears = true;
    void this.begin();
  }

  private async begin(): Promise<void> {
    if (!this.hasTurn || !this.hears || this.started || this.end) return;
    this.started = true;
    const { peerId, fileId, openLane } = this.options;
    try {
      const lane = await openLane(peerId, fileId);
      if (this.end) return lane.close();
      this.lane = lane;
      lane.onLow(() => void this.pump());
      this.watch();
      // The receiver may have said `go` before we were told that our lane stands.
      void this.pump();
    } catch {
      this.finish('refused');
    }
  }

  message(data: unknown): void {
    if (this.end) return;
    const word = readLaneWord(data);
    if (!word) return this.finish('refused');
    this.watch();
    switch (word.type) {
      case 'go':
        this.going = true;
        void this.pump();
        return;
      case 'got':
        // Nobody has got more than was sent, or less than before.
        if (word.bytes > this.sent || word.bytes < this.acknowledged) return this.finish('refused');
        this.acknowledged = word.bytes;
        this.options.listener.progress();
        void this.pump();
        return;
      case 'done':
        return this.finish(this.sent === this.options.source.size ? 'delivered' : 'refused');
      case 'damaged':
        return this.finish('damaged');
    }
  }

  closed(): void {
    this.finish('refused');
  }

  stop(end: UploadEnd): void {
    this.finish(end);
  }

  // One part after the other: two readings at a time could pass each other.
  private async pump(): Promise<void> {
    if (this.reading || !this.going || !this.lane) return;
    this.reading = true;
    try {
      while (this.maySend()) await this.sendPart(this.lane);
    } catch {
      // The file was moved, changed or deleted.
      this.finish('unreadable');
    } finally {
      this.reading = false;
    }
  }

  private maySend(): boolean {
    if (this.end || !this.lane || this.sent >= this.options.source.size) return false;
    const underWay = this.sent - this.acknowledged;
    return underWay + kPartBytes <= kWindowBytes && this.lane.bufferedAmount < kMostBuffered;
  }

  private async sendPart(lane: OutLane): Promise<void> {
    const { source } = this.options;
    const to = Math.min(this.sent + kPartBytes, source.size);
    const bytes = new Uint8Array(await source.slice(this.sent, to).arrayBuffer());
    if (this.end) return;
    if (bytes.length !== to - this.sent) throw new Error('the file has changed');
    if (!lane.send(encodePart({ index: this.sent / kPartBytes, bytes }))) {
      return this.finish('refused');
    }
    this.sent = to;
  }

  private watch(): void {
    this.stopTimer();
    if (!this.end) this.stopTimer = this.options.timing.after(kStallMs, () => this.stop('stalled'));
  }

  private finish(end: UploadEnd): void {
    if (this.end) return;
    this.end = end;
    this.stopTimer();
    this.lane?.close();
    this.options.listener.ended(end);
  }
}
