// What an SdpConnection is made of, takes and tells.
import type { Consumer } from '../consumer.js';
import type { DataConsumer } from '../data_consumer.js';
import type { DataProducer } from '../data_producer.js';
import { asDictionary, asInteger, optional } from '../ortc/fields.js';
import type { Producer } from '../producer.js';
import type { WebRtcTransportOptions } from '../router.js';
import type { DataChannelInfo, DataConsumerOptions } from '../transport_data.js';
import type { ConsumeOptions, ProduceOptions } from '../transport_types.js';
import type { AppData } from '../types.js';
import type { SdpCandidate } from './description.js';
import type { SdpSender } from './sender.js';
import type { SdpSectionStatus } from './slots.js';

export interface SdpConnectionLimits {
  /** 1 to 256; 64 if missing. */
  sections?: number;
  /** Data channels that the client may open; 16 if missing. */
  dataChannels?: number;
  /** Candidates of the client between two ICE restarts; 256 if missing. */
  candidates?: number;
}

/** How the objects on the transport are made, for applications that keep account of them. */
export interface SdpMakers {
  /** What the client sends in section `mid`; the transport's produce() if missing. */
  produce?: (options: ProduceOptions, mid: string) => Promise<Producer>;
  /**
   * What the client gets. RouterGroup.consume() fetches producers of other routers; the transport's
   * consume() if missing.
   */
  consume?: (options: ConsumeOptions) => Promise<Consumer>;
  /** Undefined for a channel that nobody wants to hear; the transport's produceData() if missing. */
  produceData?: (channel: DataChannelInfo) => Promise<DataProducer | undefined>;
  /** As consume(). */
  consumeData?: (options: DataConsumerOptions) => Promise<DataConsumer>;
}

export interface SdpServeOptions<Data extends AppData = AppData> {
  /**
   * MIME types, the best first: which codec of an offer is taken. If missing, or if none of them is
   * offered, the offer's own order decides (RFC 8829 §5.3.1).
   */
  preferCodecs?: string[];
  limits?: SdpConnectionLimits;
  make?: SdpMakers;
  appData?: Data;
}

export interface SdpConnectionOptions<
  Data extends AppData = AppData,
> extends SdpServeOptions<Data> {
  /** Of the WebRtcTransport that serves the client. */
  transport: WebRtcTransportOptions;
}

/** As JSON carries an RTCSessionDescriptionInit. */
export interface SdpMessage {
  type: 'offer' | 'answer';
  sdp: string;
}

/** As JSON carries an RTCIceCandidateInit. */
export interface SdpCandidateMessage {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

export type SdpSignalingState = 'stable' | 'have-local-offer' | 'closed';

export type SdpConnectionEvents = {
  /** An offer() is due; told once until it is made. */
  negotiationneeded: [];
  signalingstatechange: [SdpSignalingState];
  /** The client sends. */
  producer: [Producer, SdpSectionStatus];
  /** The client, or the application, has stopped it. */
  producerclose: [Producer, SdpSectionStatus];
  /** The client receives. */
  consumer: [Consumer, SdpSender];
  consumerclose: [Consumer, SdpSender];
  /** The client has opened a data channel. */
  dataproducer: [DataProducer];
  dataproducerclose: [DataProducer];
  /** Of the client; of use to nobody but the curious, as an ICE-lite server looks for no paths. */
  candidate: [SdpCandidate];
  /** The transport has gone, by whomever. */
  close: [];
  listenererror: [string, Error];
};

/** Throws a TypeError that names the field. */
export function readLimits(value: unknown): Required<SdpConnectionLimits> {
  const limits = asDictionary(value ?? {}, 'limits');
  const read = (name: string, most: number, usual: number): number =>
    optional(limits[name], `limits.${name}`, (field, where) => asInteger(field, where, 1, most)) ??
    usual;
  return {
    sections: read('sections', 256, 64),
    dataChannels: read('dataChannels', 1024, 16),
    candidates: read('candidates', 65_536, 256),
  };
}
