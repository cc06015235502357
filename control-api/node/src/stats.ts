// Statistics of the worker in the field names that mediasoup's users know.
import {
  MediaKind,
  Protocol,
  TcpStatsT,
  type DropCountT,
  type LayerBitrateT,
  type ResourceUsageT,
  type RtpStreamStatsT,
  type StunStatsT,
  type SctpStatsT,
  type TransportStatsT,
  type TransportTupleT,
  type WorkerStatsT,
} from './generated/schema.js';
import { decodeLayers, type ConsumerLayers } from './layers.js';
import type { MediaKind as Kind } from './rtp_types.js';
import { compact } from './ortc/fields.js';

/** How many packets died, by reason (base/drop_reason.h). */
export type Drops = Record<string, number>;

export interface TransportTuple {
  localAddress: string;
  localPort: number;
  remoteIp: string;
  remotePort: number;
  protocol: 'udp' | 'tcp';
}

/** Of which the far end may not be known yet. */
export type LocalTuple = Omit<TransportTuple, 'remoteIp' | 'remotePort'> &
  Partial<Pick<TransportTuple, 'remoteIp' | 'remotePort'>>;

/**
 * Of every transport. Bytes and packets count from the start; bit rates are averages of about the
 * last second.
 */
export interface TransportStat {
  transportId: string;
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  bytesReceived: number;
  bytesSent: number;
  packetsReceived: number;
  packetsSent: number;
  recvBitrate: number;
  sendBitrate: number;
  rtpBytesReceived: number;
  rtpBytesSent: number;
  rtpRecvBitrate: number;
  rtpSendBitrate: number;
  rtxBytesReceived: number;
  rtxBytesSent: number;
  rtxRecvBitrate: number;
  rtxSendBitrate: number;
  /** What was sent only to probe the path. */
  probationBytesSent: number;
  probationSendBitrate: number;
  /** What the path to the client is estimated to carry; missing while nothing told. */
  availableOutgoingBitrate?: number;
  availableIncomingBitrate?: number;
  maxIncomingBitrate?: number;
  maxOutgoingBitrate?: number;
  minOutgoingBitrate?: number;
  /** Our addition: what all that is preferred would take. */
  desiredOutgoingBitrate: number;
  /** Our addition: why `availableOutgoingBitrate` last changed, in one word. */
  bandwidthReason?: string;
  /** Our addition: how long it takes to send what waits, in milliseconds. */
  sendQueueMs: number;
  /** Milliseconds. */
  roundTripTime?: number;
  srtpProfile?: string;
  /** The part of RTP packets that was lost on the way here lately: 0 to 1; missing without any. */
  rtpPacketLossReceived?: number;
  /** The same on the way to the client, as it reports. */
  rtpPacketLossSent?: number;
  sctpState?: string;
  /** Our addition: what the association did; missing without enableSctp. */
  sctp?: SctpStat;
  drops: Drops;
}

export interface WebRtcTransportStat extends TransportStat {
  type: 'webrtc-transport';
  iceRole: 'controlled';
  iceState: string;
  iceSelectedTuple?: TransportTuple;
  dtlsState: string;
}

export interface PlainTransportStat extends TransportStat {
  type: 'plain-rtp-transport' | 'pipe-transport';
  /** Missing until the peer is known. */
  tuple?: TransportTuple;
  /** Of RTCP, where it has a path of its own. */
  rtcpTuple?: TransportTuple;
  /** Of plain transports: as they were made. */
  rtcpMux?: boolean;
  comedia?: boolean;
}

export interface DirectTransportStat extends TransportStat {
  type: 'direct-transport';
}

/** Of an SCTP association, since it began. */
export interface SctpStat {
  messagesReceived: number;
  bytesReceived: number;
  messagesSent: number;
  bytesSent: number;
  bufferedAmount: number;
  /** The send buffer was full. */
  messagesRefused: number;
  messagesExpired: number;
  messagesLost: number;
  messagesOversized: number;
  messagesCutOff: number;
  /** On streams that nobody produces from. */
  messagesUnclaimed: number;
  initsIgnored: number;
  restarts: number;
  dcepRefused: number;
}

export interface RtpStreamStat {
  type: 'inbound-rtp' | 'outbound-rtp';
  timestamp: number;
  ssrc: number;
  rtxSsrc?: number;
  rid?: string;
  kind: Kind;
  mimeType: string;
  packetCount: number;
  byteCount: number;
  bitrate: number;
  packetsLost: number;
  fractionLost: number;
  packetsDiscarded: number;
  packetsRetransmitted: number;
  packetsRepaired: number;
  nackCount: number;
  nackPacketCount: number;
  pliCount: number;
  firCount: number;
  rtxPacketsDiscarded: number;
  keyFrames: number;
  jitter: number;
  /** Milliseconds. */
  roundTripTime?: number;
  /** 0 (nothing arrives) to 10 (nothing is lost). */
  score: number;
  /**
   * Of producers of video: bits per second of each layer without those below it, by
   * "spatial.temporal".
   */
  bitrateByLayer?: Record<string, number>;
  /** Of the last key frame that told it. */
  frameWidth?: number;
  frameHeight?: number;
  /** Our additions, of consumers of video: what is asked for, what flows, and why. */
  preferredLayers?: ConsumerLayers;
  currentLayers?: ConsumerLayers;
  layersReason?: string;
  drops: Drops;
}

export interface WorkerResourceUsage {
  /** User processor time in milliseconds. */
  ru_utime: number;
  /** System processor time in milliseconds. */
  ru_stime: number;
  /** Largest resident size in KiB. */
  ru_maxrss: number;
  /** Linux leaves at 0: this and the next two, swaps, messages and signals. */
  ru_ixrss: number;
  ru_idrss: number;
  ru_isrss: number;
  ru_minflt: number;
  ru_majflt: number;
  ru_nswap: number;
  ru_inblock: number;
  ru_oublock: number;
  ru_msgsnd: number;
  ru_msgrcv: number;
  ru_nsignals: number;
  ru_nvcsw: number;
  ru_nivcsw: number;
}

/** Our addition. Counters start with the worker. */
export interface WorkerStat {
  type: 'worker';
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  routers: number;
  transports: number;
  producers: number;
  consumers: number;
  packetsInUse: number;
  packetsAllocated: number;
  datagramsReceived: number;
  datagramsSent: number;
  /** What the kernel was given: single datagrams, and trains of several for one peer. */
  sends: number;
  /** System calls for that. */
  sendCalls: number;
  /** Trains that had to be sent piece by piece. */
  trainsRefused: number;
  /** RTP padding that made packets as large as the others of their train. */
  paddingBytesSent: number;
  /** How often turns waited for more before they sent, and for how many microseconds in all. */
  holds: number;
  heldUs: number;
  requests: number;
  requestsRefused: number;
  messagesDropped: number;
  tcp: TcpStat;
  /** Missing if Binding requests of anybody are not answered. */
  stun?: StunStat;
  /** Of no transport, or of one that has closed. */
  drops: Drops;
}

/** Connections of ICE-TCP. */
export interface TcpStat {
  connections: number;
  /** Of these, those over which nobody has proved yet who he is. */
  strangers: number;
  /** Since the worker started; the rest as well. */
  accepted: number;
  /** Over a limit, or without descriptors. */
  refused: number;
  /** Strangers whose time was over, or who had to make room. */
  expired: number;
  /** Strangers who said what strangers may not. */
  expelled: number;
  /** Dropped because a peer did not read; also among the drops, as `socketFull`. */
  latePackets: number;
}

/** Binding requests of anybody. */
export interface StunStat {
  requests: number;
  answers: number;
  /** Shorter than the answer, and not repeated. */
  tooShort: number;
  overLimit: number;
}

export function decodeTuple(tuple: TransportTupleT): TransportTuple {
  return {
    localAddress: String(tuple.localAddress),
    localPort: tuple.localPort,
    remoteIp: String(tuple.remoteIp),
    remotePort: tuple.remotePort,
    protocol: tuple.protocol === Protocol.Tcp ? 'tcp' : 'udp',
  };
}

export function decodeTransportStats(stats: TransportStatsT): WebRtcTransportStat {
  return compact({
    ...commonStats(stats),
    type: 'webrtc-transport',
    iceRole: 'controlled',
    iceState: String(stats.iceState ?? ''),
    iceSelectedTuple: stats.selectedTuple ? decodeTuple(stats.selectedTuple) : undefined,
    dtlsState: String(stats.dtlsState ?? ''),
  } satisfies WebRtcTransportStat);
}

export function decodePlainStats(
  stats: TransportStatsT,
  type: PlainTransportStat['type'],
): PlainTransportStat {
  return compact({
    ...commonStats(stats),
    type,
    tuple: stats.selectedTuple ? decodeTuple(stats.selectedTuple) : undefined,
    rtcpTuple: stats.rtcpTuple ? decodeTuple(stats.rtcpTuple) : undefined,
  } satisfies PlainTransportStat);
}

export function decodeDirectStats(stats: TransportStatsT): DirectTransportStat {
  return { ...commonStats(stats), type: 'direct-transport' };
}

function commonStats(stats: TransportStatsT): TransportStat {
  return compact({
    transportId: String(stats.transportId),
    timestamp: Number(stats.timestampMs),
    bytesReceived: Number(stats.bytesReceived),
    bytesSent: Number(stats.bytesSent),
    packetsReceived: Number(stats.packetsReceived),
    packetsSent: Number(stats.packetsSent),
    recvBitrate: stats.recvBitrate,
    sendBitrate: stats.sendBitrate,
    rtpBytesReceived: Number(stats.rtpBytesReceived),
    rtpBytesSent: Number(stats.rtpBytesSent),
    rtpRecvBitrate: stats.rtpRecvBitrate,
    rtpSendBitrate: stats.rtpSendBitrate,
    rtxBytesReceived: Number(stats.rtxBytesReceived),
    rtxBytesSent: Number(stats.rtxBytesSent),
    rtxRecvBitrate: stats.rtxRecvBitrate,
    rtxSendBitrate: stats.rtxSendBitrate,
    probationBytesSent: Number(stats.probationBytesSent),
    probationSendBitrate: stats.probationSendBitrate,
    // The worker says 0 where it knows nothing.
    availableOutgoingBitrate: stats.availableOutgoingBitrate || undefined,
    availableIncomingBitrate: stats.availableIncomingBitrate || undefined,
    maxIncomingBitrate: stats.maxIncomingBitrate || undefined,
    maxOutgoingBitrate: stats.maxOutgoingBitrate || undefined,
    minOutgoingBitrate: stats.minOutgoingBitrate || undefined,
    desiredOutgoingBitrate: stats.desiredOutgoingBitrate,
    bandwidthReason: stats.bandwidthReason ? String(stats.bandwidthReason) : undefined,
    sendQueueMs: stats.sendQueueMs,
    roundTripTime: stats.roundTripTimeMs || undefined,
    srtpProfile: stats.srtpProfile ? String(stats.srtpProfile) : undefined,
    rtpPacketLossReceived: stats.rtpPacketLossReceived ?? undefined,
    rtpPacketLossSent: stats.rtpPacketLossSent ?? undefined,
    sctpState: stats.sctp ? String(stats.sctp.state) : undefined,
    sctp: stats.sctp ? decodeSctpStats(stats.sctp) : undefined,
    drops: decodeDrops(stats.drops),
  } satisfies TransportStat);
}

function decodeSctpStats(stats: SctpStatsT): SctpStat {
  return {
    messagesReceived: Number(stats.messagesReceived),
    bytesReceived: Number(stats.bytesReceived),
    messagesSent: Number(stats.messagesSent),
    bytesSent: Number(stats.bytesSent),
    bufferedAmount: stats.bufferedAmount,
    messagesRefused: Number(stats.messagesRefused),
    messagesExpired: Number(stats.messagesExpired),
    messagesLost: Number(stats.messagesLost),
    messagesOversized: Number(stats.messagesOversized),
    messagesCutOff: Number(stats.messagesCutOff),
    messagesUnclaimed: Number(stats.messagesUnclaimed),
    initsIgnored: Number(stats.initsIgnored),
    restarts: Number(stats.restarts),
    dcepRefused: Number(stats.dcepRefused),
  };
}

export function decodeStreamStats(
  stats: RtpStreamStatsT,
  type: RtpStreamStat['type'],
): RtpStreamStat {
  return compact({
    type,
    timestamp: Number(stats.timestampMs),
    ssrc: stats.ssrc,
    rtxSsrc: stats.rtxSsrc ?? undefined,
    rid: stats.rid ? String(stats.rid) : undefined,
    kind: stats.kind === MediaKind.Audio ? 'audio' : 'video',
    mimeType: String(stats.mimeType ?? ''),
    packetCount: Number(stats.packetCount),
    byteCount: Number(stats.byteCount),
    bitrate: stats.bitrate,
    packetsLost: Number(stats.packetsLost),
    fractionLost: stats.fractionLost,
    packetsDiscarded: Number(stats.packetsDiscarded),
    packetsRetransmitted: Number(stats.packetsRetransmitted),
    packetsRepaired: Number(stats.packetsRepaired),
    nackCount: Number(stats.nackCount),
    nackPacketCount: Number(stats.nackPacketCount),
    pliCount: Number(stats.pliCount),
    firCount: Number(stats.firCount),
    rtxPacketsDiscarded: Number(stats.rtxPacketsDiscarded),
    keyFrames: Number(stats.keyFrames),
    jitter: stats.jitter,
    roundTripTime: stats.roundTripTimeMs || undefined,
    score: stats.score,
    bitrateByLayer: decodeLayerBitrates(stats.bitrateByLayer),
    frameWidth: stats.frameWidth || undefined,
    frameHeight: stats.frameHeight || undefined,
    preferredLayers: decodeLayers(stats.preferredLayers),
    currentLayers: decodeLayers(stats.currentLayers),
    layersReason: stats.layersReason ? String(stats.layersReason) : undefined,
    drops: decodeDrops(stats.drops),
  } satisfies RtpStreamStat);
}

export function decodeResourceUsage(usage: ResourceUsageT): WorkerResourceUsage {
  return {
    ru_utime: Number(usage.userTimeUs) / 1000,
    ru_stime: Number(usage.systemTimeUs) / 1000,
    ru_maxrss: Number(usage.maxRssKib),
    ru_ixrss: Number(usage.sharedMemorySize),
    ru_idrss: Number(usage.unsharedDataSize),
    ru_isrss: Number(usage.unsharedStackSize),
    ru_minflt: Number(usage.minorFaults),
    ru_majflt: Number(usage.majorFaults),
    ru_nswap: Number(usage.swaps),
    ru_inblock: Number(usage.blockInputs),
    ru_oublock: Number(usage.blockOutputs),
    ru_msgsnd: Number(usage.messagesSent),
    ru_msgrcv: Number(usage.messagesReceived),
    ru_nsignals: Number(usage.signals),
    ru_nvcsw: Number(usage.voluntarySwitches),
    ru_nivcsw: Number(usage.involuntarySwitches),
  };
}

export function decodeWorkerStats(stats: WorkerStatsT): WorkerStat {
  return {
    type: 'worker',
    timestamp: Number(stats.timestampMs),
    routers: stats.routers,
    transports: stats.transports,
    producers: stats.producers,
    consumers: stats.consumers,
    packetsInUse: stats.packetsInUse,
    packetsAllocated: stats.packetsAllocated,
    datagramsReceived: Number(stats.datagramsReceived),
    datagramsSent: Number(stats.datagramsSent),
    sends: Number(stats.sends),
    sendCalls: Number(stats.sendCalls),
    trainsRefused: Number(stats.trainsRefused),
    paddingBytesSent: Number(stats.paddingBytesSent),
    holds: Number(stats.holds),
    heldUs: Number(stats.heldUs),
    requests: Number(stats.requests),
    requestsRefused: Number(stats.requestsRefused),
    messagesDropped: Number(stats.messagesDropped),
    tcp: decodeTcp(stats.tcp ?? new TcpStatsT()),
    ...(stats.stun ? { stun: decodeStun(stats.stun) } : {}),
    drops: decodeDrops(stats.drops),
  };
}

function decodeTcp(stats: TcpStatsT): TcpStat {
  return {
    connections: stats.connections,
    strangers: stats.strangers,
    accepted: Number(stats.accepted),
    refused: Number(stats.refused),
    expired: Number(stats.expired),
    expelled: Number(stats.expelled),
    latePackets: Number(stats.latePackets),
  };
}

function decodeStun(stats: StunStatsT): StunStat {
  return {
    requests: Number(stats.requests),
    answers: Number(stats.answers),
    tooShort: Number(stats.tooShort),
    overLimit: Number(stats.overLimit),
  };
}

function decodeLayerBitrates(layers: LayerBitrateT[]): Record<string, number> | undefined {
  if (layers.length === 0) return undefined;
  return Object.fromEntries(
    layers.map(({ spatialLayer, temporalLayer, bitrate }) => [
      `${spatialLayer}.${temporalLayer}`,
      bitrate,
    ]),
  );
}

function decodeDrops(drops: DropCountT[]): Drops {
  return Object.fromEntries(drops.map(({ reason, packets }) => [String(reason), Number(packets)]));
}
