// What goes into a WebRtcTransport and what it tells.
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
  /** Least time between two key-frame requests, in milliseconds; 0 takes the worker's default. */
  keyFrameRequestDelay?: number;
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
  /** Leaves out packets in which nobody speaks (Opus DTX). */
  ignoreDtx?: boolean;
  /** Not supported: true is an UnsupportedError. */
  pipe?: false;
  appData?: Data;
}

export type ChangeEvents = {
  icestatechange: [IceState];
  iceselectedtuplechange: [TransportTuple];
  dtlsstatechange: [DtlsState, string?];
  trace: [TransportTraceEventData];
} & DataChangeEvents;

export type WebRtcTransportEvents = ChangeEvents & {
  routerclose: [];
  listenserverclose: [];
  listenererror: [string, Error];
};

export type WebRtcTransportObserverEvents = ChangeEvents & {
  close: [];
  newproducer: [Producer];
  newconsumer: [Consumer];
} & DataObserverEvents;

/** What a transport may ask of its router. */
export interface TransportRouter extends DataRouter {
  rtpCapabilities(): RtpCapabilities;
  addProducer(producer: Producer): void;
  removeProducer(producer: Producer): void;
  findProducer(id: string): Producer | undefined;
}

export interface WebRtcTransportInternal<Data extends AppData = AppData> {
  channel: Channel;
  id: string;
  router: TransportRouter;
  webRtcServer: WebRtcServer | undefined;
  iceParameters: IceParameters;
  iceCandidates: IceCandidate[];
  dtlsParameters: DtlsParameters;
  sctpParameters: SctpParameters | undefined;
  appData: Data;
  onClose: () => void;
}
