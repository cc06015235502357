// Sums of what routers and workers tell of their traffic.

import type { EngineHistogram, EngineTraffic } from './engine';

type Numbers = Record<string, number>;

const kNothing = {
  packetCount: 0,
  packetsLost: 0,
  packetsRetransmitted: 0,
  packetsRepaired: 0,
  nackCount: 0,
  nackPacketCount: 0,
  pliCount: 0,
  firCount: 0,
  keyFrames: 0,
};

export function noTraffic(): EngineTraffic {
  return {
    packetsReceived: 0,
    bytesReceived: 0,
    packetsSent: 0,
    bytesSent: 0,
    probationBytesSent: 0,
    received: kNothing,
    sent: kNothing,
    drops: {},
    transports: 0,
    producers: 0,
    consumers: 0,
    dataProducers: 0,
    dataConsumers: 0,
    iceStates: {},
    dtlsStates: {},
    recvBitrate: 0,
    sendBitrate: 0,
    estimatedTransports: 0,
    availableOutgoingBitrate: 0,
    desiredOutgoingBitrate: 0,
  };
}

// Number by number, and tables of numbers in the same way.
export function addTraffic(a: EngineTraffic, b: EngineTraffic): EngineTraffic {
  const sum: Record<string, number | Numbers> = { ...a } as never;
  for (const [key, value] of Object.entries(b) as [string, number | Numbers][]) {
    const other = sum[key];
    if (typeof value === 'number') sum[key] = value + (typeof other === 'number' ? other : 0);
    else sum[key] = addNumbers(typeof other === 'object' ? other : {}, value);
  }
  return sum as unknown as EngineTraffic;
}

export function addHistograms(a: EngineHistogram, b: EngineHistogram): EngineHistogram {
  const longer = a.counts.length >= b.counts.length ? a : b;
  return {
    boundsUs: longer.boundsUs,
    counts: longer.counts.map((_, i) => (a.counts[i] ?? 0) + (b.counts[i] ?? 0)),
    sumUs: a.sumUs + b.sumUs,
    maxUs: Math.max(a.maxUs, b.maxUs),
  };
}

function addNumbers(a: Numbers, b: Numbers): Numbers {
  const sum = { ...a };
  for (const [key, value] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}
