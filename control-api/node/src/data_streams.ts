// Which streams of a transport are in use, as far as the worker's news tell.
//
// A stream has two directions, and either may be claimed for itself. When nobody claims it any more
// the worker resets it, and so does the peer in turn (RFC 8831 §6.7). What was said on it before
// could be taken for what is said on it next, so until both have done so it stays taken.
export class DataStreams {
  /** How many directions of a stream are claimed, or asked for. */
  readonly #claims = new Map<number, number>();
  /** Those that are channels in the worker. */
  readonly #channels = new Set<number>();

  isFree(streamId: number): boolean {
    return !this.#claims.has(streamId) && !this.#channels.has(streamId);
  }

  claim(streamId: number): void {
    this.#claims.set(streamId, (this.#claims.get(streamId) ?? 0) + 1);
  }

  /** The worker has granted a claim. */
  grant(streamId: number): void {
    this.#channels.add(streamId);
  }

  /** Without an association the worker has nothing to reset, and will not tell of it. */
  release(streamId: number, connected: boolean): void {
    const left = (this.#claims.get(streamId) ?? 0) - 1;
    if (left > 0) {
      this.#claims.set(streamId, left);
      return;
    }
    this.#claims.delete(streamId);
    if (!connected) this.#channels.delete(streamId);
  }

  /** Both sides have reset it. */
  recordReset(streamId: number): void {
    this.#channels.delete(streamId);
  }
}
