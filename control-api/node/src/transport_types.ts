// What goes into transports and what they tell.
import type { Consumer } from './consumer.js';
import type {
  DtlsParameters,
  DtlsState,
  IceCandidate,
  IceParameters,
  IceState,
} from './ice_dtls.js';
import type { Producer } from './producer.js';
import type { ConsumerLayers } from './layers.js';
import type { MediaKind, RtpCapabilities, RtpParameters } from './rtp_types.js';
import type { SctpParameters } from './sctp.js';
import type { TransportTuple } from './stats.js';
import type { StatsEvents } from './stats_subscription.js';
import type { TransportTraceEventData } from './trace.js';
import type { DataChangeEvents, DataObserverEvents, DataRouter } from './transport_data.js';
import type { AppData } from './types.js';
import type { WebRtcServer } from './webrtc_server.js';
import type { Channel } from './wire/channel.js';

export type {
  DtlsFingerprint,
  DtlsParameters,
  DtlsRole,
  DtlsState,
  IceCandidate,
  IceParameters,
  IceState,
} from './ice_dtls.js';

export interface ProduceOptions<Data extends AppData = AppData> {
  /** 1 to 64 printable ASCII characters, unique in the worker; random if missing. */
  id?: string;
  kind: MediaKind;
  rtpParameters: RtpParameters;
  paused?: boolean;
  /** Least time between two key-frame requests, in milliseconds; 0, or missing, takes 200. */
  keyFrameRequestDelay?: number;
  /** Accepted for the sake of other SDKs' users, without effect: this worker has no such extension. */
  enableMediasoupPacketIdHeaderExtension?: boolean;
  appData?: Data;
}

export interface ConsumeOptions<Data extends AppData = AppData> {
  producerId: string;
  rtpCapabilities: RtpCapabilities;
  /** Best true until the client is ready, then resume(). */
  paused?: boolean;
  /** Counted up by the transport if missing. */
  mid?: string;
  /** Retransmissions; true for video and false for audio if missing. */
  enableRtx?: boolean;
  /** The highest layers of video that are of use to the client; all if missing. */
  preferredLayers?: ConsumerLayers;
  /** Our addition, as setPriority(): 1 to 255, who is served first; 1 if missing. */
  priority?: number;
  /**
   * Our addition: whose payload types and header extension ids the stream carries; the router's if
   * missing, as mediasoup-client wants it. 'receiver' takes those of `rtpCapabilities`, for clients
   * that chose them in an SDP offer; one transport must not mix meanings.
   */
  numbering?: 'router' | 'receiver';
  /** Our addition: an SSRC of reserveSsrc() of the same transport; a random one if missing. */
  ssrc?: number;
  /** Leaves out packets in which nobody speaks (Opus DTX). */
  ignoreDtx?: boolean;
  /**
   * All encodings, each under an SSRC of its own, whatever the path carries; false if missing. Pipe
   * transports do it in any case.
   */
  pipe?: boolean;
  appData?: Data;
}

/** Of every transport. */
export type TransportEvents = StatsEvents & {
  routerclose: [];
  trace: [TransportTraceEventData];
  listenererror: [string, Error];
};

export type TransportObserverEvents = {
  close: [];
  newproducer: [Producer];
  newconsumer: [Consumer];
  trace: [TransportTraceEventData];
} & DataObserverEvents;

export type ChangeEvents = {
  icestatechange: [IceState];
  iceselectedtuplechange: [TransportTuple];
  dtlsstatechange: [DtlsState, string?];
} & DataChangeEvents;

export type WebRtcTransportEvents = TransportEvents &
  ChangeEvents & {
    listenserverclose: [];
  };

export type WebRtcTransportObserverEvents = TransportObserverEvents & ChangeEvents;

/** What a transport may ask of its router. */
export interface TransportRouter extends DataRouter {
  rtpCapabilities(): RtpCapabilities;
  addProducer(producer: Producer): void;
  removeProducer(producer: Producer): void;
  findProducer(id: string): Producer | undefined;
}

export interface TransportInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  router: TransportRouter;
  /** Of transports that have SCTP. */
  sctpParameters?: SctpParameters | undefined;
  appData: Data;
  onClose: () => void;
}

export interface WebRtcTransportInternal<
  Data extends AppData = AppData,
> extends TransportInternal<Data> {
  webRtcServer: WebRtcServer | undefined;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  sctpParameters: SctpParameters | undefined;
}
