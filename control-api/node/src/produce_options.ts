// What Transport.produce() is asked for, with every field checked.
import { randomUUID } from 'node:crypto';

import { ProduceT } from './generated/schema.js';
import * as ortc from './ortc.js';
import {
  asAppData,
  asBoolean,
  asDictionary,
  asId,
  asInteger,
  asOneOf,
  optional,
} from './ortc/fields.js';
import type { ValidParameters } from './ortc/validation.js';
import type { MediaKind } from './rtp_types.js';
import type { ProduceOptions } from './transport_types.js';
import type { AppData } from './types.js';
import { encodeKind, encodeMapping, encodeRtpParameters } from './wire/rtp_encoder.js';

const maxUint32 = 0xffffffff;

export interface CheckedProduceOptions<Data extends AppData> {
  id: string;
  kind: MediaKind;
  rtpParameters: ValidParameters;
  paused: boolean;
  keyFrameRequestDelay: number;
  appData: Data;
}

export function checkProduceOptions<Data extends AppData>(
  options: ProduceOptions<Data>,
): CheckedProduceOptions<Data> {
  asDictionary(options, 'options');
  const id = optional(options.id, 'id', asId) ?? randomUUID();
  const kind = asOneOf(options.kind, 'kind', ['audio', 'video'] as const);
  const delay = options.keyFrameRequestDelay ?? 0;
  const { enableMediasoupPacketIdHeaderExtension: packetId } = options;
  optional(packetId, 'enableMediasoupPacketIdHeaderExtension', asBoolean);
  return {
    id,
    kind,
    rtpParameters: ortc.validateProducerRtpParameters(kind, options.rtpParameters),
    paused: optional(options.paused, 'paused', asBoolean) ?? false,
    keyFrameRequestDelay: asInteger(delay, 'keyFrameRequestDelay', 0, maxUint32),
    appData: asAppData(options.appData),
  };
}

export function encodeProduce(
  options: CheckedProduceOptions<AppData>,
  mapping: Parameters<typeof encodeMapping>[0],
): ProduceT {
  return new ProduceT(
    options.id,
    encodeKind(options.kind),
    encodeRtpParameters(options.rtpParameters),
    encodeMapping(mapping),
    options.paused,
    options.keyFrameRequestDelay,
  );
}
