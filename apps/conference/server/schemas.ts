// What a well-formed request looks like, field by field.
//
// Everything has a bound, and fields that are not listed are dropped: what passes here is all that
// ever reaches the engine. The bounds are several times what browsers send today (a Chromium
// offers about 20 codecs and 20 header extensions) and far below what could hurt.

import { z } from 'zod';

import {
  isRoomName,
  kDataStreams,
  kMaxRoomLength,
  kMaxSdp,
  kMaxWishes,
  kSources,
  tidyName,
} from '../protocol/messages';
import type { Method, Methods, RequestFrame } from '../protocol/messages';
import { Refusal } from './refusal';

const id = z.string().min(1).max(128);
const shortText = z.string().max(128);
const uint32 = z.number().int().min(0).max(0xffffffff);
const payloadType = z.number().int().min(0).max(127);
const kind = z.enum(['audio', 'video']);

const codecParameters = z
  .record(z.string().max(64), z.union([z.string().max(512), z.number(), z.boolean()]))
  .refine((value) => Object.keys(value).length <= 32, 'has more than 32 entries');

const rtcpFeedback = z
  .array(z.object({ type: z.string().max(32), parameter: z.string().max(32).optional() }))
  .max(16);

const codecBase = {
  mimeType: z.string().max(64),
  clockRate: z.number().int().min(1).max(1_000_000),
  channels: z.number().int().min(1).max(16).optional(),
  parameters: codecParameters.optional(),
  rtcpFeedback: rtcpFeedback.optional(),
};

const rtpCapabilities = z.object({
  codecs: z.array(z.object({ ...codecBase, kind, preferredPayloadType: payloadType })).max(96),
  headerExtensions: z
    .array(
      z.object({
        kind,
        uri: shortText,
        preferredId: z.number().int().min(1).max(255),
        preferredEncrypt: z.boolean().optional(),
        direction: z.enum(['sendrecv', 'sendonly', 'recvonly', 'inactive']).optional(),
      }),
    )
    .max(96),
});

const encoding = z.object({
  ssrc: uint32.optional(),
  rid: z.string().max(16).optional(),
  rtx: z.object({ ssrc: uint32 }).optional(),
  codecPayloadType: payloadType.optional(),
  dtx: z.boolean().optional(),
  scalabilityMode: z.string().max(16).optional(),
  maxBitrate: z.number().min(0).max(1e9).optional(),
  maxFramerate: z.number().min(0).max(1000).optional(),
  scaleResolutionDownBy: z.number().min(1).max(64).optional(),
});

const rtpParameters = z.object({
  mid: z.string().max(32).optional(),
  codecs: z
    .array(z.object({ ...codecBase, payloadType }))
    .min(1)
    .max(16),
  headerExtensions: z
    .array(
      z.object({
        uri: shortText,
        id: z.number().int().min(1).max(255),
        encrypt: z.boolean().optional(),
        parameters: codecParameters.optional(),
      }),
    )
    .max(32)
    .optional(),
  encodings: z.array(encoding).min(1).max(4),
  rtcp: z.object({ cname: shortText.optional(), reducedSize: z.boolean().optional() }).optional(),
  msid: z.string().max(256).optional(),
});

// Larger than any camera or screen, and small enough to be multiplied.
const kMaxSide = 32_768;
const side = z.number().int().min(1).max(kMaxSide);
const pictureSize = { width: side, height: side };

// Of sections in which pages send; nobody sends in more than these.
const sectionUse = z.object({
  source: z.enum(kSources),
  capture: z.object(pictureSize).optional(),
  scales: z.array(z.number().min(1).max(64)).max(4).optional(),
});

// Layers are counted in three bits by every codec (RFC 9628 §4.2, AV1 RTP payload format §A.8.2).
const layer = z.number().int().min(0).max(7);

const consumerWish = z.object({
  consumerId: id,
  spatialLayer: layer,
  temporalLayer: layer,
  priority: z.number().int().min(1).max(255),
  paused: z.boolean(),
});

const dtlsParameters = z.object({
  role: z.enum(['auto', 'client', 'server']).optional(),
  fingerprints: z
    .array(
      z.object({
        algorithm: z.enum(['sha-1', 'sha-224', 'sha-256', 'sha-384', 'sha-512']),
        value: z
          .string()
          .max(256)
          .regex(/^[0-9A-Fa-f:]+$/, 'is not hexadecimal with colons'),
      }),
    )
    .min(1)
    .max(8),
});

const personName = z
  .string()
  .max(256)
  .transform(tidyName)
  .refine((name) => name.length > 0, 'is empty');

const nothing = z.object({});

const kRequests = {
  join: z.object({
    name: personName,
    session: z.string().regex(/^[0-9a-f]{32}$/, 'is not 32 hexadecimal digits'),
    revision: z.string().max(64),
    rtpCapabilities,
    token: z.string().max(4096).optional(),
    media: z.enum(['sdp']).optional(),
  }),
  negotiate: z.object({
    type: z.enum(['offer', 'answer']),
    sdp: z.string().max(kMaxSdp),
    sections: z.record(z.string().max(16), sectionUse).optional(),
  }),
  addCandidate: z.object({
    candidate: z.string().max(1024),
    sdpMid: z.string().max(16).nullable(),
    sdpMLineIndex: z.number().int().min(0).max(1024).nullable(),
  }),
  connectTransport: z.object({ transportId: id, dtlsParameters }),
  restartIce: z.object({ transportId: id }),
  produce: z
    .object({
      source: z.enum(kSources),
      kind,
      rtpParameters,
      paused: z.boolean(),
      capture: z.object(pictureSize).optional(),
    })
    .refine(
      ({ source, kind: media }) =>
        (media === 'video') === (source === 'camera' || source === 'screen'),
      { message: 'does not go with this kind', path: ['source'] },
    ),
  setCapture: z.object({ producerId: id, ...pictureSize }),
  closeProducer: z.object({ producerId: id }),
  pauseProducer: z.object({ producerId: id }),
  resumeProducer: z.object({ producerId: id }),
  resumeConsumers: z.object({ consumerIds: z.array(id).min(1).max(512) }),
  setPreferredLayers: z.object({ consumers: z.array(consumerWish).min(1).max(kMaxWishes) }),
  produceData: z
    .object({
      streamId: z
        .number()
        .int()
        .min(0)
        .max(kDataStreams - 1),
      purpose: z.enum(['chat', 'lane']),
      peerId: id.optional(),
      topic: z
        .string()
        .regex(/^[0-9a-f]{32}$/, 'is not 32 hexadecimal digits')
        .optional(),
    })
    .refine(
      ({ purpose, peerId, topic }) =>
        purpose === 'lane' ? peerId && topic : peerId === undefined && topic === undefined,
      { message: 'has peerId and topic if it is a lane', path: ['purpose'] },
    ),
  closeDataProducer: z.object({ dataProducerId: id }),
  resumeDataConsumers: z.object({ dataConsumerIds: z.array(id).min(1).max(512) }),
  getConnectionStats: nothing,
  requestKeyFrame: z.object({ consumerId: id }),
  move: nothing,
  completeMove: nothing,
  ping: nothing,
  leave: nothing,
} satisfies Record<Method, z.ZodType>;

const frame = z.object({
  id: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
  method: z.enum(Object.keys(kRequests) as [Method, ...Method[]]),
  data: z.unknown().optional(),
});

// Null if the text is no request at all, not even one that could be answered.
export function parseFrame(text: string): RequestFrame | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const result = frame.safeParse(json);
  return result.success ? result.data : null;
}

// Throws a Refusal that names the first field that is wrong.
export function parseData<M extends Method>(method: M, data: unknown): Methods[M]['data'] {
  const result = kRequests[method].safeParse(data ?? {});
  if (result.success) return result.data as Methods[M]['data'];
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') || 'data';
  throw new Refusal('bad_request', `${method}: ${field}: ${issue?.message ?? 'is not valid'}`);
}

// The room asked for in "/ws?room=R"; null if there is none that could exist.
export function roomFromQuery(query: URLSearchParams): string | null {
  const room = query.get('room')?.normalize('NFC');
  if (!room || room.length > kMaxRoomLength || !isRoomName(room)) return null;
  return room;
}
