// What one transport receives and sends, as a capture file (pcapng) that tshark and Wireshark open:
// decrypted headers of RTP and RTCP, and of payloads no more than was asked for.
//
// The worker keeps a bounded buffer and leaves out what nobody takes in time; on this side chunks wait
// for a slow disk up to a bound, and are left out beyond it. A chunk is whole blocks, so that a file
// without some of them is still a file.
import { createWriteStream, type WriteStream } from 'node:fs';

import { EnhancedEventEmitter } from './event_emitter.js';
import {
  NotificationBody,
  PacketTraceChunk,
  RequestBody,
  StartPacketTraceT,
  StopPacketTraceT,
} from './generated/schema.js';
import { asDictionary, asInteger, asName } from './ortc/fields.js';
import type { Channel } from './wire/channel.js';

const mostSampling = 1_000_000;
const mostPayload = 64;
const leastBytes = 4096;
const defaultBytes = 64 * 1024 * 1024;
/** What waits for the disk at the most. */
const mostWaiting = 8 * 1024 * 1024;

export interface PacketTraceOptions {
  /** The file, which is begun anew. Either this or `onChunk`. */
  path?: string;
  /** Gets the file piece by piece, in order. */
  onChunk?: (chunk: Buffer) => void;
  /** One of so many packets of each direction: 1, if missing, to 1,000,000. */
  sampling?: number;
  /** Bytes of each payload of RTP, 0 to 64; 0 if missing. */
  payloadBytes?: number;
  /** The length at which the file ends: at least 4,096; 64 MiB if missing. */
  maxBytes?: number;
}

export type PacketTraceEvents = {
  /** It is complete: stopped, as long as it may be, or its transport is gone. */
  end: [];
  /** The file could not be written; nothing more is. */
  error: [Error];
  listenererror: [string, Error];
};

export class PacketTrace extends EnhancedEventEmitter<PacketTraceEvents> {
  readonly #channel: Channel;
  readonly #target: string;
  readonly #onChunk: ((chunk: Buffer) => void) | undefined;
  #file: WriteStream | undefined;
  #ended = false;
  #packets = 0;
  #leftOut = 0;
  #lostBytes = 0;

  /** @internal Use Transport.enablePacketTrace(). */
  constructor(channel: Channel, target: string, options: CheckedOptions) {
    super();
    this.#channel = channel;
    this.#target = target;
    this.#onChunk = options.onChunk;
    if (options.path !== undefined) this.#file = this.#open(options.path);
    channel.listenToTable(target, NotificationBody.PacketTraceChunk, (notification) =>
      this.#take(notification.body(new PacketTraceChunk()) as PacketTraceChunk),
    );
  }

  /** Nothing comes any more, and a file is complete once 'end' has been told. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Packets in the trace so far. */
  get packets(): number {
    return this.#packets;
  }

  /** Packets that the worker left out because this side was behind. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Bytes that were left out because the disk was behind. */
  get lostBytes(): number {
    return this.#lostBytes;
  }

  /** Resolves when all that was recorded has been written. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    const over = new Promise<void>((resolve) => {
      this.once('end', resolve);
      this.once('error', () => resolve());
    });
    try {
      await this.#channel.call({
        method: RequestBody.StopPacketTrace,
        target: this.#target,
        body: new StopPacketTraceT(),
        apply: () => undefined,
      });
    } catch (error) {
      // Without its transport there is nothing to stop.
      if (!this.#ended) throw error;
    }
    await over;
  }

  /** @internal The worker tells the rest, if it is still there. */
  transportClosed(): void {
    if (this.#channel.closed) this.#end();
  }

  #open(path: string): WriteStream {
    const file = createWriteStream(path);
    file.on('error', (error) => {
      if (this.#file !== file) return;
      this.#file = undefined;
      this.#ended = true;
      this.#unlisten();
      this.safeEmit('error', error);
    });
    return file;
  }

  #take(chunk: PacketTraceChunk): void {
    const bytes = chunk.bytesArray();
    this.#packets = Number(chunk.packets());
    this.#leftOut = Number(chunk.leftOut());
    if (bytes && bytes.length > 0) this.#write(Buffer.from(bytes));
    if (chunk.isLast()) this.#end();
  }

  #write(bytes: Buffer): void {
    if (this.#onChunk) {
      try {
        this.#onChunk(bytes);
      } catch (error) {
        this.safeEmit('listenererror', 'onChunk', error as Error);
      }
    } else if (this.#file && this.#file.writableLength < mostWaiting) this.#file.write(bytes);
    else this.#lostBytes += bytes.length;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#unlisten();
    if (this.#file) this.#file.end(() => this.safeEmit('end'));
    else this.safeEmit('end');
  }

  #unlisten(): void {
    this.#channel.unlistenToTable(this.#target, NotificationBody.PacketTraceChunk);
  }
}

interface CheckedOptions {
  path: string | undefined;
  onChunk: ((chunk: Buffer) => void) | undefined;
  body: StartPacketTraceT;
}

/** @internal Throws a TypeError that names the field. */
export function checkPacketTraceOptions(options: PacketTraceOptions): CheckedOptions {
  asDictionary(options, 'options');
  const { onChunk } = options;
  if (onChunk !== undefined && typeof onChunk !== 'function')
    throw new TypeError('onChunk is no function');
  if ((options.path === undefined) === (onChunk === undefined))
    throw new TypeError('either path or onChunk is needed');
  const most = Number.MAX_SAFE_INTEGER;
  return {
    path: options.path === undefined ? undefined : asName(options.path, 'path'),
    onChunk,
    body: new StartPacketTraceT(
      asInteger(options.sampling ?? 1, 'sampling', 1, mostSampling),
      asInteger(options.payloadBytes ?? 0, 'payloadBytes', 0, mostPayload),
      BigInt(asInteger(options.maxBytes ?? defaultBytes, 'maxBytes', leastBytes, most)),
    ),
  };
}
