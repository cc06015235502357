// What this page sends, as rates: one meter for each encoding, and one for the whole picture.

import { sentStats } from './diagnostics';
import type { SentEncoding, SentStats } from './diagnostics';
import type { OwnEncoding, OwnPicture } from './panel_content';
import type { Session } from './session';
import { StreamMeter } from './stream_meter';

type Sending = Omit<OwnPicture, 'connection' | 'connectionSamples'>;

const kNothing: Sending = {
  codec: null,
  encodings: [],
  roundTripTime: null,
  loss: null,
  limitation: null,
  samples: [],
};

export class OwnMeters {
  private readonly whole = new StreamMeter();
  private readonly single = new Map<string, StreamMeter>();
  private scores: number[] = [];
  private producerId: string | null = null;

  constructor(private readonly source: 'camera' | 'screen') {}

  setScores(scores: number[]): void {
    this.scores = scores;
  }

  // Without encodings while nothing is sent.
  async read(session: Session | null): Promise<Sending> {
    this.follow(session?.producerOf(this.source)?.id ?? null);
    const sent = await sentStats(session, this.source);
    if (!sent) return kNothing;
    const at = performance.now();
    record(this.whole, at, sent);
    const encodings = sent.encodings.map((one, index) => this.encoding(at, one, index));
    const limits = sent.encodings.map(({ qualityLimitationReason }) => qualityLimitationReason);
    return {
      codec: sent.codec,
      encodings,
      roundTripTime: sent.roundTripTime === null ? null : sent.roundTripTime * 1000,
      loss: sent.fractionLost,
      limitation: limits.find((one) => one !== null && one !== 'none') ?? null,
      samples: this.whole.samples,
    };
  }

  private encoding(at: number, sent: SentEncoding, index: number): OwnEncoding {
    const name = sent.rid ?? 'Sent';
    let meter = this.single.get(name);
    if (!meter) this.single.set(name, (meter = new StreamMeter()));
    // What the browser sends to probe the line counts with the first encoding, but is no picture.
    const bytesSent = sent.bytesSent - sent.retransmittedBytesSent;
    record(meter, at, { ...sent, bytesSent });
    const { frameWidth: width, frameHeight: height, active } = sent;
    return {
      name,
      active,
      size: width > 0 ? { width, height } : null,
      fps: meter.latest?.fps ?? 0,
      bitrate: meter.latest?.bitrate ?? 0,
      score: this.scores[index] ?? null,
    };
  }

  // Another producer counts from zero again.
  private follow(producerId: string | null): void {
    if (producerId === this.producerId) return;
    this.producerId = producerId;
    this.whole.clear();
    this.single.clear();
    this.scores = [];
  }
}

function record(
  meter: StreamMeter,
  at: number,
  { bytesSent, framesEncoded, packetsSent }: SentStats | SentEncoding,
): void {
  meter.record({ at, bytes: bytesSent, frames: framesEncoded, packets: packetsSent, packetsLost: 0 });
}
