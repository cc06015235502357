// Our addition: sums of what all transports of a router or a worker did, in one answer however many
// of them there are, and how long things took.
import {
  GetStatsT,
  RequestBody,
  RouterStatsT,
  type DropCountT,
  type DurationHistogramT,
  type StateCountT,
  type StreamTrafficT,
  type TrafficT,
} from './generated/schema.js';
import { expectAnswer, type Channel } from './wire/channel.js';

/** RTP streams in one direction. What is asked for (NACK, PLI, FIR) travels the other way. */
export interface StreamTrafficStat {
  packetCount: number;
  /** By the network, as far as it is known; falls when a packet turns out to have been late. */
  packetsLost: number;
  packetsRetransmitted: number;
  /** Of incoming ones: those that filled a gap. */
  packetsRepaired: number;
  nackCount: number;
  nackPacketCount: number;
  pliCount: number;
  firCount: number;
  /** Of incoming ones. */
  keyFrames: number;
}

/**
 * All transports together. What is counted includes transports and streams that have closed; the
 * rest is as of now.
 */
export interface TrafficStat {
  /** Datagrams of every kind. */
  packetsReceived: number;
  bytesReceived: number;
  packetsSent: number;
  bytesSent: number;
  probationBytesSent: number;
  received: StreamTrafficStat;
  sent: StreamTrafficStat;
  /** Packets that died, by reason. */
  drops: Record<string, number>;
  transports: number;
  producers: number;
  consumers: number;
  dataProducers: number;
  dataConsumers: number;
  /** How many WebRTC transports are in a state; states that nobody is in are left out. */
  iceStates: Record<string, number>;
  dtlsStates: Record<string, number>;
  /** Bits per second, averages of about the last second. */
  recvBitrate: number;
  sendBitrate: number;
  /** Of how many transports it is known what their paths carry, and how much that is together. */
  estimatedTransports: number;
  availableOutgoingBitrate: number;
  /** What all consumers would take if it fitted. */
  desiredOutgoingBitrate: number;
}

/** How often something took how long, in microseconds, since the worker started. */
export interface DurationHistogramStat {
  /** Ascending; a count is of what took at most as long, and longer than the bound before it. */
  boundsUs: number[];
  /** One more than there are bounds, for what took longer than all of them. */
  counts: number[];
  sumUs: number;
  /** The longest since the worker was last asked, by anybody. */
  maxUs: number;
}

export interface RouterStat {
  type: 'router';
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  routerId: string;
  traffic: TrafficStat;
}

export async function askRouterStats(channel: Channel, target: string): Promise<RouterStat> {
  return channel.call({
    method: RequestBody.GetStats,
    target,
    body: new GetStatsT(),
    apply: (answer) => decodeRouterStats(expectAnswer(answer, RouterStatsT)),
  });
}

function decodeRouterStats(stats: RouterStatsT): RouterStat {
  return {
    type: 'router',
    timestamp: Number(stats.timestampMs),
    routerId: String(stats.routerId),
    traffic: decodeTraffic(stats.traffic),
  };
}

export function decodeTraffic(traffic: TrafficT | null): TrafficStat {
  return {
    packetsReceived: Number(traffic?.packetsReceived ?? 0),
    bytesReceived: Number(traffic?.bytesReceived ?? 0),
    packetsSent: Number(traffic?.packetsSent ?? 0),
    bytesSent: Number(traffic?.bytesSent ?? 0),
    probationBytesSent: Number(traffic?.probationBytesSent ?? 0),
    received: decodeStreamTraffic(traffic?.received),
    sent: decodeStreamTraffic(traffic?.sent),
    drops: decodeDrops(traffic?.drops ?? []),
    transports: traffic?.transports ?? 0,
    producers: traffic?.producers ?? 0,
    consumers: traffic?.consumers ?? 0,
    dataProducers: traffic?.dataProducers ?? 0,
    dataConsumers: traffic?.dataConsumers ?? 0,
    iceStates: decodeStates(traffic?.iceStates ?? []),
    dtlsStates: decodeStates(traffic?.dtlsStates ?? []),
    recvBitrate: Number(traffic?.recvBitrate ?? 0),
    sendBitrate: Number(traffic?.sendBitrate ?? 0),
    estimatedTransports: traffic?.estimatedTransports ?? 0,
    availableOutgoingBitrate: Number(traffic?.availableOutgoingBitrate ?? 0),
    desiredOutgoingBitrate: Number(traffic?.desiredOutgoingBitrate ?? 0),
  };
}

export function decodeHistogram(histogram: DurationHistogramT | null): DurationHistogramStat {
  return {
    boundsUs: histogram?.boundsUs.map(Number) ?? [],
    counts: histogram?.counts.map(Number) ?? [0],
    sumUs: Number(histogram?.sumUs ?? 0),
    maxUs: Number(histogram?.maxUs ?? 0),
  };
}

export function decodeDrops(drops: DropCountT[]): Record<string, number> {
  return Object.fromEntries(drops.map(({ reason, packets }) => [String(reason), Number(packets)]));
}

function decodeStreamTraffic(stream: StreamTrafficT | null | undefined): StreamTrafficStat {
  return {
    packetCount: Number(stream?.packets ?? 0),
    packetsLost: Number(stream?.packetsLost ?? 0),
    packetsRetransmitted: Number(stream?.packetsRetransmitted ?? 0),
    packetsRepaired: Number(stream?.packetsRepaired ?? 0),
    nackCount: Number(stream?.nackCount ?? 0),
    nackPacketCount: Number(stream?.nackPacketCount ?? 0),
    pliCount: Number(stream?.pliCount ?? 0),
    firCount: Number(stream?.firCount ?? 0),
    keyFrames: Number(stream?.keyFrames ?? 0),
  };
}

function decodeStates(states: StateCountT[]): Record<string, number> {
  return Object.fromEntries(states.map(({ state, count }) => [String(state), count]));
}
