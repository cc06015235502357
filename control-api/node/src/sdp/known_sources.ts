// The SSRCs of what a client has sent, for when it sends it again in the same section.
//
// With simulcast a description names streams by their RID only, and a browser writes MID and RID
// into packets until it is told that one of them has arrived. It keeps SSRCs when a section rests,
// and does not begin with the names anew. RFC 8843 §9.2 has an SSRC belong to its section as long as
// there is a session, so a producer that follows another one in a section is told of its SSRCs.
import type { Producer } from '../producer.js';
import type { RtpEncodingParameters, RtpParameters } from '../rtp_types.js';
import type { RtpStreamStat } from '../stats.js';

export class KnownSources {
  readonly #bySection = new Map<string, Promise<RtpStreamStat[]>>();

  /**
   * Before the producer is closed, as requests are carried out in their order. One that is closed
   * already has nothing to tell.
   */
  note(mid: string, producer: Producer): void {
    if (producer.closed) return;
    // Who is gone with the worker has nothing to tell.
    const asked = producer.getStats().catch(() => []);
    this.#bySection.set(mid, asked);
  }

  /** The section is no more; another one may have its name. */
  forget(mid: string): void {
    this.#bySection.delete(mid);
  }

  /** The parameters with what is known of their streams; what the client has said itself stays. */
  async complete(mid: string, parameters: RtpParameters): Promise<RtpParameters> {
    const known = await this.#bySection.get(mid);
    if (!known) return parameters;
    const encodings = parameters.encodings?.map((encoding) => completed(encoding, known));
    return { ...parameters, ...(encodings ? { encodings } : {}) };
  }
}

function completed(encoding: RtpEncodingParameters, known: RtpStreamStat[]): RtpEncodingParameters {
  if (encoding.ssrc !== undefined) return encoding;
  // The SSRC is 0 where nothing has come.
  const same = known.find(({ rid, ssrc }) => rid === encoding.rid && ssrc !== 0);
  if (!same) return encoding;
  const { ssrc, rtxSsrc } = same;
  return { ...encoding, ssrc, ...(rtxSsrc === undefined ? {} : { rtx: { ssrc: rtxSsrc } }) };
}
