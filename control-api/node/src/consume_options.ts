// What Transport.consume() is asked for, with every field checked.
import { asPriority, leastPriority } from './consumer.js';
import { ConsumeT } from './generated/schema.js';
import { asConsumerLayers, encodeLayers, highestLayers, type ConsumerLayers } from './layers.js';
import {
  asAppData,
  asBoolean,
  asDictionary,
  asInteger,
  asName,
  asOneOf,
  optional,
} from './ortc/fields.js';
import type { MediaKind, RtpMapping, RtpParameters } from './rtp_types.js';
import type { ConsumeOptions } from './transport_types.js';
import type { AppData } from './types.js';
import { encodeKind, encodeMapping, encodeRtpParameters } from './wire/rtp_encoder.js';

export interface CheckedConsumeOptions<Data extends AppData> {
  producerId: string;
  paused: boolean;
  /** Undefined to decide by the kind. */
  enableRtx: boolean | undefined;
  mid: string | undefined;
  preferredLayers: ConsumerLayers | undefined;
  priority: number;
  ignoreDtx: boolean;
  pipe: boolean;
  numbering: 'router' | 'receiver';
  /** Undefined to take any. */
  ssrc: number | undefined;
  appData: Data;
}

export interface ConsumedStream {
  kind: MediaKind;
  rtpParameters: RtpParameters;
  mapping: RtpMapping;
}

export function checkConsumeOptions<Data extends AppData>(
  options: ConsumeOptions<Data>,
): CheckedConsumeOptions<Data> {
  asDictionary(options, 'options');
  if (options.pipe && options.ssrc !== undefined)
    throw new TypeError('ssrc: with pipe each encoding has one of its own');
  return {
    producerId: asName(options.producerId, 'producerId'),
    paused: optional(options.paused, 'paused', asBoolean) ?? false,
    enableRtx: optional(options.enableRtx, 'enableRtx', asBoolean),
    mid: optional(options.mid, 'mid', asName),
    preferredLayers: optional(options.preferredLayers, 'preferredLayers', asConsumerLayers),
    priority: optional(options.priority, 'priority', asPriority) ?? leastPriority,
    ignoreDtx: optional(options.ignoreDtx, 'ignoreDtx', asBoolean) ?? false,
    pipe: optional(options.pipe, 'pipe', asBoolean) ?? false,
    numbering:
      optional(options.numbering, 'numbering', (value, where) =>
        asOneOf(value, where, ['router', 'receiver'] as const),
      ) ?? 'router',
    ssrc: optional(options.ssrc, 'ssrc', (value, where) => asInteger(value, where, 1, 0xffffffff)),
    appData: asAppData(options.appData),
  };
}

/** `mapping` is empty where the parameters are in the router's payload types. */
export function encodeConsume(
  id: string,
  { kind, rtpParameters, mapping }: ConsumedStream,
  options: CheckedConsumeOptions<AppData>,
): ConsumeT {
  const { preferredLayers } = options;
  return new ConsumeT(
    id,
    options.producerId,
    encodeKind(kind),
    encodeRtpParameters(rtpParameters),
    options.paused,
    preferredLayers ? encodeLayers(preferredLayers) : null,
    options.priority,
    options.ignoreDtx,
    options.pipe,
    encodeMapping(mapping),
  );
}

/**
 * What a new consumer prefers: `wanted`, else all that is declared. Undefined where there is
 * nothing to choose from.
 */
export function initialLayers(
  kind: MediaKind,
  { encodings = [] }: RtpParameters,
  wanted: ConsumerLayers | undefined,
): ConsumerLayers | undefined {
  if (kind === 'audio') return undefined;
  const highest = highestLayers(encodings);
  const hasLayers = highest.spatialLayer > 0 || highest.temporalLayer > 0;
  return wanted ?? (hasLayers ? highest : undefined);
}
