// The envelope of the control channel: 4 bytes of little-endian length, then a FlatBuffer.

export const maxFrameSize = 4 * 1024 * 1024;
export const headerSize = 4;

/** Header and frame in one buffer. */
export function frameOf(payload: Uint8Array): Buffer {
  if (payload.length > maxFrameSize) {
    throw new TypeError(
      `a message of ${payload.length} bytes exceeds the limit of ${maxFrameSize}`,
    );
  }
  const frame = Buffer.allocUnsafe(headerSize + payload.length);
  frame.writeUInt32LE(payload.length, 0);
  frame.set(payload, headerSize);
  return frame;
}

/** Puts frames together out of a stream that may be cut anywhere. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #size = 0;

  /**
   * The frames that `chunk` completes. Throws on a length over the limit: the stream is lost then.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    const frames: Buffer[] = [];
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Buffer | undefined {
    if (this.#size < headerSize) return undefined;
    const length = this.#peekLength();
    if (length > maxFrameSize)
      throw new RangeError(`a frame of ${length} bytes exceeds the limit of ${maxFrameSize}`);
    if (this.#size < headerSize + length) return undefined;
    // One copy per read that completes a frame, however many chunks a large frame came in.
    const all =
      this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    const end = headerSize + length;
    this.#chunks = end < all.length ? [all.subarray(end)] : [];
    this.#size -= end;
    return all.subarray(headerSize, end);
  }

  #peekLength(): number {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= headerSize) return first.readUInt32LE(0);
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all.readUInt32LE(0);
  }
}
