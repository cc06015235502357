// What this server needs of a media engine, and nothing more.
//
// The names are those of the Sluice Node SDK. Rooms and peers are written against these shapes, so
// that unit tests can put a fake engine in their place; sluice_engine.ts provides the real one.

import type { types } from 'mediasoup-client';

import type { types as sdk } from '@sluice/sdk';

import type { Clock } from './clock';

// Numbers have no behaviour that a double could get wrong, so these are the SDK's own shapes.
export type EngineWorkerStats = sdk.WorkerStat;
export type EngineRouterStats = sdk.RouterStat;
export type EngineTraffic = sdk.TrafficStat;
export type EngineHistogram = sdk.DurationHistogramStat;
export type EngineStreamStats = sdk.RtpStreamStat;

export interface ListenInfo {
  protocol: 'udp' | 'tcp';
  ip: string;
  announcedAddress?: string;
  port?: number;
}

// A size and a frame rate, counted from 0, the lowest. Without temporalLayer: all.
export interface EngineLayers {
  spatialLayer: number;
  temporalLayer?: number;
}

export interface EngineConsumer {
  readonly id: string;
  readonly producerId: string;
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: types.RtpParameters;
  readonly producerPaused: boolean;
  readonly closed: boolean;
  // Why the layers last changed, in one word.
  readonly layersReason: string | undefined;
  pause(): Promise<void>;
  resume(): Promise<void>;
  requestKeyFrame(): Promise<void>;
  setPreferredLayers(layers: EngineLayers): Promise<void>;
  setPriority(priority: number): Promise<void>;
  close(): void;
  on(
    event: 'producerclose' | 'producerpause' | 'producerresume' | 'transportclose',
    listener: () => void,
  ): unknown;
  on(event: 'layerschange', listener: (layers: EngineLayers | undefined) => void): unknown;
  on(event: 'score', listener: (score: { score: number; producerScore: number }) => void): unknown;
}

export interface EngineProducer {
  readonly id: string;
  readonly kind: 'audio' | 'video';
  readonly rtpParameters: types.RtpParameters;
  readonly paused: boolean;
  readonly closed: boolean;
  // The highest layers that anybody watches, undefined if nobody does, and for each encoding
  // whether somebody wants it.
  readonly wantedLayers: EngineLayers | undefined;
  readonly wantedEncodings: boolean[];
  // Of each encoding.
  getStats(): Promise<EngineStreamStats[]>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): void;
  on(
    event: 'wantedlayers',
    listener: (layers: EngineLayers | undefined, encodings: boolean[]) => void,
  ): unknown;
  on(event: 'score', listener: (scores: { score: number }[]) => void): unknown;
}

export interface EngineDataProducer {
  readonly id: string;
  readonly closed: boolean;
  close(): void;
}

export interface EngineDataConsumer {
  readonly id: string;
  readonly sctpStreamParameters?: { streamId: number };
  readonly closed: boolean;
  resume(): Promise<void>;
  close(): void;
  on(event: 'dataproducerclose', listener: () => void): unknown;
}

export interface ProduceOptions {
  kind: 'audio' | 'video';
  rtpParameters: types.RtpParameters;
  paused: boolean;
}

export interface ConsumeOptions {
  producerId: string;
  rtpCapabilities: types.RtpCapabilities;
  paused: boolean;
  // Chosen by the engine if missing.
  mid?: string;
  // Whose payload types and header extension ids the stream has; the router's if missing.
  numbering?: 'router' | 'receiver';
}

export interface EngineTransportStats {
  recvBitrate: number;
  sendBitrate: number;
  probationSendBitrate?: number;
  availableOutgoingBitrate?: number;
  desiredOutgoingBitrate?: number;
  bandwidthReason?: string;
  sendQueueMs?: number;
  roundTripTime?: number;
}

export interface EngineTransport {
  readonly id: string;
  readonly iceParameters: types.IceParameters;
  readonly iceCandidates: types.IceCandidate[];
  readonly dtlsParameters: types.DtlsParameters;
  // Of transports with enableSctp.
  readonly sctpParameters: types.SctpParameters | undefined;
  readonly closed: boolean;
  connect(options: { dtlsParameters: types.DtlsParameters }): Promise<void>;
  restartIce(): Promise<types.IceParameters>;
  produce(options: ProduceOptions): Promise<EngineProducer>;
  consume(options: ConsumeOptions): Promise<EngineConsumer>;
  produceData(options: {
    sctpStreamParameters: { streamId: number; ordered: boolean };
    label: string;
  }): Promise<EngineDataProducer>;
  consumeData(options: DataConsumeOptions): Promise<EngineDataConsumer>;
  getStats(): Promise<EngineTransportStats[]>;
  close(): void;
  on(event: 'icestatechange' | 'dtlsstatechange', listener: (state: string) => void): unknown;
}

// Plain RTP with a program of this machine.
export interface EnginePlainTransport {
  readonly id: string;
  connect(options: { ip: string; port: number }): Promise<void>;
  consume(options: ConsumeOptions & { enableRtx: boolean }): Promise<EngineConsumer>;
  close(): void;
}

export interface DataConsumeOptions {
  dataProducerId: string;
  streamId: number;
  paused: boolean;
}

export interface EngineWebRtcServer {
  readonly id: string;
}

export interface TransportOptions {
  webRtcServer: EngineWebRtcServer;
  enableUdp: boolean;
  initialAvailableOutgoingBitrate: number;
  enableSctp: boolean;
  numSctpStreams?: { OS: number; MIS: number };
  maxSctpMessageSize?: number;
}

export interface EngineObserver {
  addProducer(options: { producerId: string }): Promise<void>;
}

export interface EngineSpeakerObserver extends EngineObserver {
  on(event: 'dominantspeaker', listener: (speaker: { producer: { id: string } }) => void): unknown;
}

export interface EngineLevelObserver extends EngineObserver {
  on(
    event: 'volumes',
    listener: (volumes: { producer: { id: string }; volume: number }[]) => void,
  ): unknown;
  on(event: 'silence', listener: () => void): unknown;
}

export interface EngineRouter {
  readonly id: string;
  readonly rtpCapabilities: types.RtpCapabilities;
  readonly closed: boolean;
  createWebRtcTransport(options: TransportOptions): Promise<EngineTransport>;
  createPlainTransport(options: {
    listenInfo: ListenInfo;
    rtcpMux: boolean;
  }): Promise<EnginePlainTransport>;
  canConsume(options: { producerId: string; rtpCapabilities: types.RtpCapabilities }): boolean;
  createActiveSpeakerObserver(options: { interval: number }): Promise<EngineSpeakerObserver>;
  createAudioLevelObserver(options: {
    interval: number;
    maxEntries: number;
    threshold: number;
  }): Promise<EngineLevelObserver>;
  getStats(): Promise<EngineRouterStats>;
  close(): void;
}

// Somebody's place on one router of a room.
export interface EngineParticipant {
  readonly router: EngineRouter;
  readonly worker: EngineWorker;
  // Left, or lost with the worker.
  readonly closed: boolean;
  leave(): void;
}

// A room: routers on as many workers as it takes, each of which hears what is sent on the others.
export interface EngineRouterGroup {
  join(): Promise<EngineParticipant>;
  consume(transport: EngineTransport, options: ConsumeOptions): Promise<EngineConsumer>;
  consumeData(transport: EngineTransport, options: DataConsumeOptions): Promise<EngineDataConsumer>;
  canConsume(options: { producerId: string; rtpCapabilities: types.RtpCapabilities }): boolean;
  close(): void;
  on(
    event: 'newrouter' | 'routerclose',
    listener: (router: EngineRouter, worker: EngineWorker) => void,
  ): unknown;
}

export interface RouterGroupOptions {
  workers: () => EngineWorker[];
  router: { mediaCodecs: types.RtpCodecCapability[] };
  // How many people a worker takes before the room takes another one.
  spread: number;
  clock: Clock;
}

export interface EngineWorker {
  readonly pid: number;
  readonly closed: boolean;
  createWebRtcServer(options: { listenInfos: ListenInfo[] }): Promise<EngineWebRtcServer>;
  createRouter(options: { mediaCodecs: types.RtpCodecCapability[] }): Promise<EngineRouter>;
  getStats(): Promise<EngineWorkerStats>;
  close(): void;
  on(event: 'died', listener: (error: Error) => void): unknown;
}

export type CreateWorker = () => Promise<EngineWorker>;
