// Events about single packets and single decisions, for those who ask for them.
import {
  BweTraceT,
  EnableTraceEventsT,
  FeedbackTraceT,
  LayersTraceT,
  RtpTraceT,
  SenderReportTraceT,
  TraceDirection,
  TraceType,
  type TraceT,
} from './generated/schema.js';
import { decodeLayers, type ConsumerLayers } from './layers.js';
import { Logger } from './logger.js';
import { asList, asOneOf, compact } from './ortc/fields.js';

const logger = new Logger('Trace');

const streamTypes = ['rtp', 'keyframe', 'nack', 'pli', 'fir'] as const;
export const producerTraceTypes = [...streamTypes, 'sr'] as const;
export const consumerTraceTypes = [...streamTypes, 'layers'] as const;
export const transportTraceTypes = ['probation', 'bwe'] as const;

/** `sr` are sender reports that the producer's client sent. */
export type ProducerTraceEventType = (typeof producerTraceTypes)[number];
/** `layers` is our addition: each decision about the layers of this consumer. */
export type ConsumerTraceEventType = (typeof consumerTraceTypes)[number];
/** `bwe` are decisions about the rate to the client, `probation` packets that only measure. */
export type TransportTraceEventType = (typeof transportTraceTypes)[number];

/** `rtp`, `keyframe` (the first packet of one) and `probation`. */
export interface RtpTraceInfo {
  rtpPacket: {
    payloadType: number;
    sequenceNumber: number;
    timestamp: number;
    marker: boolean;
    ssrc: number;
    isKeyFrame: boolean;
    /** Bytes, with header. */
    size: number;
    /** Bytes, without header. */
    payloadSize: number;
    spatialLayer: number;
    temporalLayer: number;
    /** What its header extensions say; missing where there are none. */
    mid?: string;
    rid?: string;
    /** Of a retransmission: the RID of what it repeats. */
    rrid?: string;
    wideSequenceNumber?: number;
  };
  isRtx: boolean;
}

/** `nack`, `pli` and `fir`. */
export interface FeedbackTraceInfo {
  ssrc: number;
  /** How many packets a NACK asks for; 0 of others. */
  packets: number;
}

/** `sr`: one moment by the sender's wall clock and by the stream's. */
export interface SenderReportTraceInfo {
  ssrc: number;
  /** Seconds since 1900 (RFC 3550 §4). */
  ntpSec: number;
  /** In 1/2^32 seconds. */
  ntpFrac: number;
  /** In units of the codec's clock. */
  rtpTs: number;
  /** What the sender has sent so far: packets, and bytes of payload. */
  packetCount: number;
  octetCount: number;
}

export type BweType = 'transport-cc' | 'remb';

/** `bwe`, in bits per second. */
export interface BweTraceInfo {
  /** What the path to the client is taken to carry, from now on. */
  availableBitrate: number;
  /** What it was taken to carry before. */
  startBitrate: number;
  /** What all that is preferred would take. */
  desiredBitrate: number;
  /** `desiredBitrate` within the bounds. */
  effectiveDesiredBitrate: number;
  /** The bounds of the transport; 0 for none. */
  minBitrate: number;
  maxBitrate: number;
  /** Up to which rate padding may fill what is sent, to find out whether the path carries more. */
  maxPaddingBitrate: number;
  /** From which feedback of the client the estimate is made. */
  type: BweType;
  /** Our addition: why, in one word. */
  reason: string;
}

/** `layers`. */
export interface LayersTraceInfo {
  /** Missing: nothing flows. */
  layers?: ConsumerLayers;
  /** Why, in one word. */
  reason: string;
  /** What there was to share, in bits per second; missing if no bound was known. */
  availableBitrate?: number;
}

export interface TraceEventData<Type extends string, Info> {
  type: Type;
  /** Milliseconds of the worker's monotonic clock. */
  timestamp: number;
  /** Seen from the worker. */
  direction: 'in' | 'out';
  info: Info;
}

type StreamTraceEventData =
  | TraceEventData<'rtp' | 'keyframe', RtpTraceInfo>
  | TraceEventData<'nack' | 'pli' | 'fir', FeedbackTraceInfo>;
export type ProducerTraceEventData =
  StreamTraceEventData | TraceEventData<'sr', SenderReportTraceInfo>;
export type ConsumerTraceEventData =
  StreamTraceEventData | TraceEventData<'layers', LayersTraceInfo>;
export type TransportTraceEventData =
  TraceEventData<'probation', RtpTraceInfo> | TraceEventData<'bwe', BweTraceInfo>;

type AnyTraceType = ProducerTraceEventType | ConsumerTraceEventType | TransportTraceEventType;
type AnyTraceInfo = (
  ProducerTraceEventData | ConsumerTraceEventData | TransportTraceEventData
)['info'];

const numbers: Record<AnyTraceType, TraceType> = {
  rtp: TraceType.Rtp,
  keyframe: TraceType.KeyFrame,
  nack: TraceType.Nack,
  pli: TraceType.Pli,
  fir: TraceType.Fir,
  sr: TraceType.SenderReport,
  layers: TraceType.Layers,
  bwe: TraceType.Bwe,
  probation: TraceType.Probation,
};

/** Nobody asks for more types than there can be. */
const maxTypes = 32;

/** The request for these types and no others. Throws a TypeError for one that is not in `known`. */
export function encodeTraceTypes(
  types: unknown,
  known: readonly AnyTraceType[],
): EnableTraceEventsT {
  const wanted = asList(types, 'types', maxTypes, (type, where) => asOneOf(type, where, known));
  return new EnableTraceEventsT([...new Set(wanted)].map((type) => numbers[type]));
}

/** Undefined if `trace` is of a type that is not in `known`, or has no details. */
export function decodeTrace<Type extends AnyTraceType>(
  trace: TraceT,
  known: readonly Type[],
): TraceEventData<Type, AnyTraceInfo> | undefined {
  const type = known.find((each) => numbers[each] === trace.type);
  const info = decodeInfo(trace.info);
  if (type === undefined || info === undefined) {
    logger.debug(`a trace of type ${trace.type}, details ${trace.infoType} is not known here`);
    return undefined;
  }
  return {
    type,
    timestamp: Number(trace.timestampMs),
    direction: trace.direction === TraceDirection.Out ? 'out' : 'in',
    info,
  };
}

function decodeInfo(info: TraceT['info']): AnyTraceInfo | undefined {
  if (info instanceof RtpTraceT) {
    return decodeRtpTrace(info);
  }
  if (info instanceof FeedbackTraceT) return { ssrc: info.ssrc, packets: info.packets };
  if (info instanceof SenderReportTraceT) return decodeSenderReport(info);
  if (info instanceof BweTraceT) return decodeBwe(info);
  if (info instanceof LayersTraceT) return decodeLayersTrace(info);
  return undefined;
}

function decodeRtpTrace(info: RtpTraceT): RtpTraceInfo {
  const { isRtx, mid, rid, rrid, wideSequenceNumber, ...rest } = info;
  const name = (text: string | Uint8Array | null): string | undefined =>
    text ? String(text) : undefined;
  const names = { mid: name(mid), rid: name(rid), rrid: name(rrid) };
  const numbers = { wideSequenceNumber: wideSequenceNumber ?? undefined };
  const rtpPacket = compact({ ...rest, ...names, ...numbers });
  return { rtpPacket: rtpPacket as RtpTraceInfo['rtpPacket'], isRtx };
}

function decodeSenderReport({
  ssrc,
  ntp,
  rtpTimestamp,
  packetCount,
  octetCount,
}: SenderReportTraceT): SenderReportTraceInfo {
  return {
    ssrc,
    ntpSec: Number(ntp >> 32n),
    ntpFrac: Number(ntp & 0xffffffffn),
    rtpTs: rtpTimestamp,
    packetCount,
    octetCount,
  };
}

function decodeBwe(info: BweTraceT): BweTraceInfo {
  const { availableBitrate, desiredBitrate, minBitrate, maxBitrate, previousBitrate } = info;
  const atLeast = Math.max(desiredBitrate, minBitrate);
  return {
    availableBitrate,
    startBitrate: previousBitrate,
    desiredBitrate,
    effectiveDesiredBitrate: maxBitrate === 0 ? atLeast : Math.min(atLeast, maxBitrate),
    minBitrate,
    maxBitrate,
    maxPaddingBitrate: info.maxPaddingBitrate,
    type: String(info.feedback ?? '') === 'transport-cc' ? 'transport-cc' : 'remb',
    reason: String(info.reason),
  };
}

function decodeLayersTrace({ layers, reason, availableBitrate }: LayersTraceT): LayersTraceInfo {
  return compact({
    layers: decodeLayers(layers),
    reason: String(reason),
    availableBitrate: availableBitrate || undefined,
  });
}
