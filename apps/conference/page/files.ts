// All files that this page offers, is offered, sends and receives.
//
// A file goes nowhere before somebody accepts it, and each who does gets it on a lane of their own.
// Everything is bounded: offers, transfers at a time, bytes that are held.

import { Download } from './download';
import type { DownloadEnd } from './download';
import type { InLane, OpenLane } from './lane';
import type { Timing } from './timing';
import { Upload } from './upload';
import type { Source, UploadEnd } from './upload';
import { kMaxFileBytes, tidyFileName } from './words';
import type { ChatWord, FileOffer } from './words';
import { explainDownload, explainUpload, sizeOf } from './file_wording';

// With what each has under way, four are what the server buffers for one person.
export const kMostTransfers = 4;
// Of one person at a time; nobody hands over more by hand.
export const kMostOffers = 16;
// What was received and not yet removed, with what is being received.
export const kMostHeldBytes = 4 * kMaxFileBytes;

export type FilePhase =
  | 'offered' // Theirs, to be accepted; ours, to be accepted by others.
  | 'waiting' // Accepted; this page or the other one is busy with others.
  | 'moving'
  | 'complete'
  | 'failed' // May be accepted once more.
  | 'gone'; // Withdrawn, or its sender left.

export interface SharedFile {
  readonly key: string;
  // Null for our own.
  readonly peerId: string | null;
  readonly offer: FileOffer;
  phase: FilePhase;
  // 0 to 1.
  fraction: number;
  // One sentence about how it stands.
  note: string;
  content: Blob | null;
}

// The part of File that is needed.
export interface LocalFile extends Source {
  readonly name: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

export interface FilesOptions {
  openLane: OpenLane;
  // Hexadecimal digits; null where the browser has no cryptography, as on insecure pages.
  sha256: ((content: Pick<Blob, 'arrayBuffer'>) => Promise<string>) | null;
  tellAll: (word: ChatWord) => boolean;
  inventId: () => string;
  timing: Timing;
  changed: (file: SharedFile) => void;
}

interface Own {
  file: SharedFile;
  source: Source;
  delivered: number;
  lastTrouble: string;
}

export class Files {
  private readonly own = new Map<string, Own>();
  private readonly theirs = new Map<string, SharedFile>();
  private readonly uploads = new Map<string, Upload>();
  private readonly downloads = new Map<string, Download>();
  private readonly runningUploads = new Set<string>();
  private readonly runningDownloads = new Set<string>();
  // Lanes that belong to nothing, and offers beyond the bound.
  refused = 0;

  constructor(private readonly options: FilesOptions) {}

  // Offers a file to everybody. Rejects with an Error whose message is a sentence.
  async offer(source: LocalFile): Promise<SharedFile> {
    const { sha256, inventId, tellAll } = this.options;
    const name = tidyFileName(source.name);
    if (!sha256) throw new Error('Files need a secure page: https://, or http://localhost.');
    if (source.size > kMaxFileBytes) {
      throw new Error(
        `${name} has ${sizeOf(source.size)}; ${sizeOf(kMaxFileBytes)} is the most that can be sent.`,
      );
    }
    if (this.openOffers(null) >= kMostOffers) {
      throw new Error(`You offer ${kMostOffers} files already. Withdraw one first.`);
    }
    let digest: string;
    try {
      digest = await sha256(source);
    } catch {
      throw new Error(`${name} cannot be read. A folder has to be packed first.`);
    }
    const offer = { id: inventId(), name, size: source.size, sha256: digest };
    if (!tellAll({ type: 'file', ...offer })) {
      throw new Error('There is no connection to the others at the moment.');
    }
    const file = newFile(offer.id, null, offer, 'Offered to everybody.');
    this.own.set(offer.id, { file, source, delivered: 0, lastTrouble: '' });
    return file;
  }

  // Somebody else offers one; null if that is one too many.
  offered(peerId: string, offer: FileOffer): SharedFile | null {
    const key = keyOf(peerId, offer.id);
    if (this.theirs.has(key) || this.openOffers(peerId) >= kMostOffers) {
      this.refused += 1;
      return null;
    }
    const file = newFile(key, peerId, offer, '');
    this.theirs.set(key, file);
    return file;
  }

  // A sentence that says why not, or null.
  accept(key: string): string | null {
    const file = this.theirs.get(key);
    if (!file?.peerId || (file.phase !== 'offered' && file.phase !== 'failed')) return null;
    const { sha256 } = this.options;
    if (!sha256) return 'Files need a secure page: https://, or http://localhost.';
    if (this.heldBytes() + file.offer.size > kMostHeldBytes) {
      return 'Save and remove other files first: this page holds as much as it can.';
    }
    const { peerId, offer } = file;
    const { openLane, timing } = this.options;
    const listener = {
      progress: () => this.move(file),
      ended: (end: DownloadEnd) => this.endDownload(file, end),
    };
    const download = new Download({ peerId, offer, openLane, sha256, timing, listener });
    this.downloads.set(key, download);
    this.show(file, 'waiting', 'Waiting for its turn.');
    this.startDownloads();
    return null;
  }

  // Stops a transfer to us, or withdraws our offer with all transfers of it.
  cancel(key: string): void {
    const own = this.own.get(key);
    if (!own) return this.downloads.get(key)?.stop('cancelled');
    if (own.file.phase === 'gone') return;
    this.options.tellAll({ type: 'withdraw', id: key });
    this.show(own.file, 'gone', 'You withdrew it.');
    for (const [id, upload] of this.uploads) {
      if (id.endsWith(`/${key}`)) upload.stop('cancelled');
    }
  }

  withdrawn(peerId: string, fileId: string): void {
    const file = this.theirs.get(keyOf(peerId, fileId));
    if (!file) return;
    this.downloads.get(file.key)?.stop('withdrawn');
    if (file.phase !== 'complete') this.show(file, 'gone', 'It was withdrawn.');
  }

  // It is no longer shown; nothing of it is kept.
  forget(key: string): void {
    if (this.own.has(key)) this.cancel(key);
    this.downloads.get(key)?.stop('cancelled');
    this.own.delete(key);
    const file = this.theirs.get(key);
    if (file) file.content = null;
    this.theirs.delete(key);
  }

  // What a lane to us is for; null if we know of nothing.
  laneOffered(peerId: string, topic: string): InLane | null {
    const key = keyOf(peerId, topic);
    const download = this.downloads.get(key);
    if (download) return download;
    const own = this.own.get(topic);
    if (own && own.file.phase === 'offered' && !this.uploads.has(key)) {
      return this.addUpload(key, peerId, own);
    }
    this.refused += 1;
    return null;
  }

  peerLeft(peerId: string, name: string): void {
    for (const upload of [...this.uploads.values()]) {
      if (upload.peerId === peerId) upload.stop('left');
    }
    for (const file of this.theirs.values()) {
      if (file.peerId !== peerId || file.phase === 'complete' || file.phase === 'gone') continue;
      const underWay = this.downloads.get(file.key);
      underWay?.stop('left');
      const note = underWay ? `${name} left before it was complete.` : `${name} left.`;
      this.show(file, 'gone', note);
    }
  }

  // The connection is lost; everybody comes back as somebody else.
  reset(): void {
    for (const upload of [...this.uploads.values()]) upload.stop('left');
    for (const { file } of this.own.values()) this.end(file);
    for (const file of this.theirs.values()) this.end(file);
  }

  private end(file: SharedFile): void {
    this.downloads.get(file.key)?.stop('left');
    if (file.phase === 'complete' || file.phase === 'gone') return;
    this.show(file, 'gone', 'The connection was lost.');
  }

  private addUpload(key: string, peerId: string, own: Own): Upload {
    const { openLane, timing } = this.options;
    const listener = {
      progress: () => this.summarise(own),
      ended: (end: UploadEnd) => this.endUpload(key, own, end),
    };
    const { source } = own;
    const fileId = own.file.offer.id;
    const upload = new Upload({ peerId, fileId, source, openLane, timing, listener });
    this.uploads.set(key, upload);
    this.startUploads();
    this.summarise(own);
    return upload;
  }

  private startUploads(): void {
    for (const [key, upload] of this.uploads) {
      if (this.runningUploads.size >= kMostTransfers) return;
      if (this.runningUploads.has(key)) continue;
      this.runningUploads.add(key);
      upload.start();
    }
  }

  private startDownloads(): void {
    for (const [key, download] of this.downloads) {
      if (this.runningDownloads.size >= kMostTransfers) return;
      if (this.runningDownloads.has(key)) continue;
      this.runningDownloads.add(key);
      const file = this.theirs.get(key);
      if (file) this.show(file, 'waiting', 'Waiting for the sender.');
      void download.start();
    }
  }

  private endUpload(key: string, own: Own, end: UploadEnd): void {
    this.uploads.delete(key);
    this.runningUploads.delete(key);
    if (end === 'delivered') own.delivered += 1;
    else own.lastTrouble = explainUpload(end);
    this.summarise(own);
    this.startUploads();
  }

  private endDownload(file: SharedFile, end: DownloadEnd): void {
    const content = this.downloads.get(file.key)?.content ?? null;
    this.downloads.delete(file.key);
    this.runningDownloads.delete(file.key);
    file.content = content;
    if (end === 'complete') this.show(file, 'complete', 'Complete and unchanged.');
    else if (end === 'cancelled') this.show(file, 'offered', '');
    else this.show(file, 'failed', explainDownload(end));
    this.startDownloads();
  }

  private move(file: SharedFile): void {
    const received = this.downloads.get(file.key)?.received ?? 0;
    const { size } = file.offer;
    file.fraction = size === 0 ? 1 : received / size;
    this.show(file, 'moving', `${sizeOf(received)} of ${sizeOf(size)}`);
  }

  private summarise(own: Own): void {
    const { file, delivered } = own;
    const mine = [...this.uploads].filter(([key]) => key.endsWith(`/${file.key}`));
    const sum = mine.reduce((bytes, [, upload]) => bytes + upload.acknowledged, 0);
    file.fraction = mine.length === 0 ? 0 : sum / Math.max(1, file.offer.size * mine.length);
    const told = [];
    if (mine.length > 0) told.push(`${mine.length} receiving.`);
    if (delivered > 0) told.push(`${delivered} received it.`);
    if (mine.length === 0 && own.lastTrouble) told.push(own.lastTrouble);
    if (file.phase === 'gone') return this.options.changed(file);
    this.show(file, 'offered', told.join(' ') || 'Offered to everybody.');
  }

  private show(file: SharedFile, phase: FilePhase, note: string): void {
    file.phase = phase;
    file.note = note;
    if (file.peerId !== null && phase !== 'moving') file.fraction = phase === 'complete' ? 1 : 0;
    this.options.changed(file);
  }

  private openOffers(peerId: string | null): number {
    const files =
      peerId === null ? [...this.own.values()].map(({ file }) => file) : [...this.theirs.values()];
    return files.filter((file) => file.peerId === peerId && file.phase !== 'gone').length;
  }

  private heldBytes(): number {
    const held = [...this.theirs.values()].filter(
      ({ key, content }) => content !== null || this.downloads.has(key),
    );
    return held.reduce((bytes, { offer }) => bytes + offer.size, 0);
  }
}

function keyOf(peerId: string, fileId: string): string {
  return `${peerId}/${fileId}`;
}

function newFile(key: string, peerId: string | null, offer: FileOffer, note: string): SharedFile {
  return { key, peerId, offer, phase: 'offered', fraction: 0, note, content: null };
}
