// What a transport, a data producer and a data consumer say about SCTP, in the dictionaries that
// mediasoup's users know.
import { SctpParametersT, SctpStreamParametersT } from './generated/schema.js';
import { asBoolean, asDictionary, asInteger, compact, optional } from './ortc/fields.js';

export type SctpState = 'new' | 'connecting' | 'connected' | 'failed' | 'closed';

export interface NumSctpStreams {
  /** Streams that the worker asks for. */
  OS: number;
  /** Streams that it allows the client. */
  MIS: number;
}

/** Old and new names, because clients of either age look for theirs. */
export interface SctpParameters {
  port: number;
  OS: number;
  MIS: number;
  /** Bytes of one message to the worker, as old clients ask for it. */
  maxMessageSize: number;
  /** Bytes of one message from the worker, and to it. */
  maxSendMessageSize: number;
  maxReceiveMessageSize: number;
  sendBufferSize: number;
  perStreamSendQueueLimit: number;
  maxReceiverWindowBufferSize: number;
  /** Of WebRTC transports, whose streams are data channels. */
  isDataChannel: boolean;
}

/** What came of the numbers of streams that both ends asked for. */
export interface SctpNegotiatedCapabilities {
  negotiatedMaxOutboundStreams: number;
  negotiatedMaxInboundStreams: number;
}

export interface SctpStreamParameters {
  streamId: number;
  /** True if missing, unless there is a limit below. */
  ordered?: boolean;
  /** Milliseconds; not together with maxRetransmits. */
  maxPacketLifeTime?: number;
  maxRetransmits?: number;
}

export interface SctpOptions {
  /** Data channels; false if missing. */
  enableSctp?: boolean;
  /** 1,024 each if missing. */
  numSctpStreams?: NumSctpStreams;
  /** Bytes of one message to the client, and from it: 1 to 1,048,576; 262,144 if missing. */
  maxSendMessageSize?: number;
  maxReceiveMessageSize?: number;
  /** The old name of both. */
  maxSctpMessageSize?: number;
  /** Bytes that may be under way to the client, up to 16 MiB; 2,000,000 if missing. */
  sctpSendBufferSize?: number;
  /** The same on one stream; as `sctpSendBufferSize` if missing. */
  sctpPerStreamSendQueueLimit?: number;
  /** Bytes that the client may have under way to the worker, up to 16 MiB; 5,242,880 if missing. */
  sctpMaxReceiverWindowBufferSize?: number;
}

const maxUint16 = 0xffff;
const maxUint32 = 0xffffffff;
const sctpPort = 5000;
const usualMessageSize = 262_144;
const usualSendBuffer = 2_000_000;
const usualWindow = 5_242_880;

export function encodeSctpOptions(options: SctpOptions): SctpParametersT | null {
  if (!(optional(options.enableSctp, 'enableSctp', asBoolean) ?? false)) return null;
  const streams = asDictionary(options.numSctpStreams ?? { OS: 1024, MIS: 1024 }, 'numSctpStreams');
  const size = (name: keyof SctpOptions): number | undefined =>
    optional(options[name], name, (value, where) => asInteger(value, where, 1, maxUint32));
  const both = size('maxSctpMessageSize') ?? usualMessageSize;
  const toClient = size('maxSendMessageSize') ?? both;
  const buffer = size('sctpSendBufferSize') ?? Math.max(usualSendBuffer, toClient);
  return new SctpParametersT(
    sctpPort,
    asInteger(streams.OS, 'numSctpStreams.OS', 1, maxUint16),
    asInteger(streams.MIS, 'numSctpStreams.MIS', 1, maxUint16),
    toClient,
    buffer,
    size('maxReceiveMessageSize') ?? both,
    size('sctpPerStreamSendQueueLimit') ?? buffer,
    size('sctpMaxReceiverWindowBufferSize') ?? usualWindow,
  );
}

export function decodeSctpParameters(
  sctp: SctpParametersT | null,
  isDataChannel: boolean,
): SctpParameters | undefined {
  if (!sctp) return undefined;
  const maxReceiveMessageSize = sctp.maxReceiveMessageSize || sctp.maxMessageSize;
  return {
    port: sctp.port,
    OS: sctp.os,
    MIS: sctp.mis,
    maxMessageSize: maxReceiveMessageSize,
    maxSendMessageSize: sctp.maxMessageSize,
    maxReceiveMessageSize,
    sendBufferSize: sctp.sendBufferSize,
    perStreamSendQueueLimit: sctp.perStreamSendQueueLimit || sctp.sendBufferSize,
    maxReceiverWindowBufferSize: sctp.maxReceiverWindowBufferSize || usualWindow,
    isDataChannel,
  };
}

/** Throws a TypeError for both limits at once. */
export function asStreamParameters(value: unknown, where: string): SctpStreamParameters {
  const fields = asDictionary(value, where);
  const number = (name: string): number | undefined =>
    optional(fields[name], `${where}.${name}`, (field, place) =>
      asInteger(field, place, 0, maxUint16),
    );
  const maxPacketLifeTime = number('maxPacketLifeTime');
  const maxRetransmits = number('maxRetransmits');
  const ordered = optional(fields.ordered, `${where}.ordered`, asBoolean);
  if (maxPacketLifeTime !== undefined && maxRetransmits !== undefined)
    throw new TypeError(`${where}: maxPacketLifeTime and maxRetransmits cannot both be given`);
  const limited = maxPacketLifeTime !== undefined || maxRetransmits !== undefined;
  return compact({
    streamId: asInteger(fields.streamId, `${where}.streamId`, 0, maxUint16 - 1),
    ordered: ordered ?? !limited,
    maxPacketLifeTime,
    maxRetransmits,
  });
}

export function encodeStream(stream: SctpStreamParameters): SctpStreamParametersT {
  return new SctpStreamParametersT(
    stream.streamId,
    stream.ordered ?? true,
    stream.maxPacketLifeTime ?? null,
    stream.maxRetransmits ?? null,
  );
}

export function decodeStream(stream: SctpStreamParametersT): SctpStreamParameters {
  return compact({
    streamId: stream.streamId,
    ordered: stream.ordered,
    maxPacketLifeTime: stream.maxPacketLifeTime ?? undefined,
    maxRetransmits: stream.maxRetransmits ?? undefined,
  });
}

/** Payload protocol identifiers (RFC 8831 §8). */
export const ppids = { text: 51, bytes: 53, emptyText: 56, emptyBytes: 57 } as const;

/** A message and how to read it. The worker sends empty ones as what stands for them. */
export function encodeMessage(
  message: string | Uint8Array,
  ppid: number | undefined,
): { ppid: number; data: Uint8Array } {
  if (typeof message !== 'string' && !(message instanceof Uint8Array))
    throw new TypeError('message is neither a string nor a Buffer');
  const data = typeof message === 'string' ? Buffer.from(message) : message;
  const usual = typeof message === 'string' ? ppids.text : ppids.bytes;
  return { ppid: optional(ppid, 'ppid', asUint32) ?? usual, data };
}

function asUint32(value: unknown, where: string): number {
  return asInteger(value, where, 0, maxUint32);
}

export function asSubchannel(value: unknown, where: string): number {
  return asInteger(value, where, 0, maxUint16);
}
