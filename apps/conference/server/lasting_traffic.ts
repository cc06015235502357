// A sum over parts that come and go, which never goes back: what a part counted ends with it, and
// whoever reads counters takes one that falls for one that began anew.

import type { EngineTraffic } from './engine';
import { addTraffic, noTraffic } from './traffic_sum';

export class LastingTraffic<Part> {
  // What each part said last, and what those said that are gone.
  private readonly told = new Map<Part, EngineTraffic>();
  private past = noTraffic();

  // `parts` are those that there are; null stands for one that has not answered, and counts as it
  // did before.
  sum(parts: ReadonlyMap<Part, EngineTraffic | null>): EngineTraffic {
    for (const [part, traffic] of this.told) {
      if (parts.has(part)) continue;
      this.past = addTraffic(this.past, asPast(traffic));
      this.told.delete(part);
    }
    for (const [part, traffic] of parts) if (traffic) this.told.set(part, traffic);
    return [...this.told.values()].reduce(addTraffic, this.past);
  }
}

// Of what is gone nothing is there now.
function asPast(traffic: EngineTraffic): EngineTraffic {
  const { packetsReceived, bytesReceived, packetsSent, bytesSent, probationBytesSent } = traffic;
  const counted = { packetsReceived, bytesReceived, packetsSent, bytesSent, probationBytesSent };
  const { received, sent, drops } = traffic;
  return { ...noTraffic(), ...counted, received, sent, drops };
}
