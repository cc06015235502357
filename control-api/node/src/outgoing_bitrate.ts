// What may be said about the rate of a path to a client.
import { asInteger } from './ortc/fields.js';

const maxUint32 = 0xffffffff;
/** Bits per second; less does not even carry audio. */
const leastOutgoingBitrate = 30_000;

/** Throws a TypeError unless it is 0, for no bound, or enough for audio. */
export function asOutgoingBitrate(value: unknown, where: string): void {
  if (value !== 0) asInteger(value, where, leastOutgoingBitrate, maxUint32);
}
