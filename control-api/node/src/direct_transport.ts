// The application as a peer: what it sends comes out of the router, and what the router sends
// becomes events.
import type { EnhancedEventEmitter } from './event_emitter.js';
import { UnsupportedError } from './errors.js';
import {
  CreateDirectTransportT,
  PacketT,
  RequestBody,
  RtcpReceivedT,
  SendRtcpT,
  type NotificationT,
} from './generated/schema.js';
import { Logger } from './logger.js';
import { asDictionary, asInteger, optional } from './ortc/fields.js';
import { decodeDirectStats, type DirectTransportStat } from './stats.js';
import { Transport } from './transport.js';
import type { TransportEvents, TransportObserverEvents } from './transport_types.js';
import type { AppData } from './types.js';

const logger = new Logger('DirectTransport');

export interface DirectTransportOptions<Data extends AppData = AppData> {
  /** Bytes of one message to the application, and from it: 1 to 1,048,576; 262,144 if missing. */
  maxSendMessageSize?: number;
  maxReceiveMessageSize?: number;
  /** The old name of both. */
  maxMessageSize?: number;
  appData?: Data;
}

const usualMessageSize = 262_144;
const mostMessageSize = 1_048_576;

/** Throws a TypeError that names the field. */
export function encodeDirectTransport(
  id: string,
  options: DirectTransportOptions,
): CreateDirectTransportT {
  asDictionary(options, 'options');
  const asSize = (value: unknown, where: string): number =>
    asInteger(value, where, 1, mostMessageSize);
  const both = optional(options.maxMessageSize, 'maxMessageSize', asSize) ?? usualMessageSize;
  return new CreateDirectTransportT(
    id,
    optional(options.maxSendMessageSize, 'maxSendMessageSize', asSize) ?? both,
    optional(options.maxReceiveMessageSize, 'maxReceiveMessageSize', asSize) ?? both,
  );
}

type DirectChangeEvents = { rtcp: [Buffer] };
export type DirectTransportEvents = TransportEvents & DirectChangeEvents;
export type DirectTransportObserverEvents = TransportObserverEvents & DirectChangeEvents;

export class DirectTransport<Data extends AppData = AppData> extends Transport<
  Data,
  DirectTransportEvents,
  DirectTransportObserverEvents
> {
  get type(): 'direct' {
    return 'direct';
  }

  async getStats(): Promise<DirectTransportStat[]> {
    return this.readStats(decodeDirectStats);
  }

  /** There is nothing to connect to. */
  async connect(): Promise<void> {
    this.requireOpen();
  }

  /** A compound of RTCP, as if it came from a peer. What the worker refuses is logged. */
  sendRtcp(rtcp: Uint8Array): void {
    this.requireOpen();
    if (!(rtcp instanceof Uint8Array)) throw new TypeError('rtcp is not a Buffer');
    const body = new SendRtcpT(new PacketT([...rtcp]));
    this.command(RequestBody.SendRtcp, body, () => undefined).catch((error: Error) =>
      logger.warn(`sendRtcp: ${error.message}`),
    );
  }

  override async setMaxIncomingBitrate(): Promise<void> {
    throw new UnsupportedError('a direct transport has no path that could be bounded');
  }

  override async setMaxOutgoingBitrate(): Promise<void> {
    throw new UnsupportedError('a direct transport has no path that could be bounded');
  }

  override async setMinOutgoingBitrate(): Promise<void> {
    throw new UnsupportedError('a direct transport has no path that could be bounded');
  }

  /** @internal */
  protected override handle({ body }: NotificationT): boolean {
    if (!(body instanceof RtcpReceivedT)) return false;
    const packet = Buffer.from(body.packet?.bytes ?? []);
    (this as EnhancedEventEmitter<DirectChangeEvents>).safeEmit('rtcp', packet);
    (this.observer as EnhancedEventEmitter<DirectChangeEvents>).safeEmit('rtcp', packet);
    return true;
  }
}
