// `window.sluice`: what the page knows about its call, for tests and for the curious.
//
// A diagnostic interface: it only reads, and its fields are listed in the README of this folder.

import type { ConnectionStats, Layers, PictureSize } from '../protocol/messages';
import type { Choice } from './layer_choice';
import type { Session } from './session';
import type { RemotePeer, RemoteStream } from './remote_peer';
import type { TalkState } from './talk';
import type { Tile } from './tile';
import type { Viewing } from './viewing';

// What the server sends of one picture, what was asked for, and why.
export interface LayerState {
  // What there is: by how much each size is smaller than the captured one.
  scales: number[];
  temporalLayers: number;
  capture: PictureSize | null;
  current: Layers | null;
  wanted: Choice | null;
  reason: string | null;
  // performance.now() of the last change, and how many there were.
  changedAt: number | null;
  changes: number;
  score: number | null;
  producerScore: number | null;
}

export interface RemoteVideoStats {
  codec: string | null;
  framesDecoded: number;
  framesDropped: number;
  frameWidth: number;
  frameHeight: number;
  freezeCount: number;
  bytesReceived: number;
  packetsReceived: number;
  packetsLost: number;
  nackCount: number;
  pliCount: number;
  keyFramesDecoded: number;
  framesPerSecond: number;
  // Seconds, as the browser counts them.
  totalFreezesDuration: number;
  // Milliseconds; null while unknown.
  jitter: number | null;
  roundTripTime: number | null;
  // Null for streams without layers.
  layers: LayerState | null;
}

export interface PeerStats extends RemoteVideoStats {
  id: string;
  name: string;
  audioEnergy: number;
  audioBytesReceived: number;
  audioPacketsReceived: number;
  audioPacketsLost: number;
  audioConcealedSamples: number;
  audioTotalSamples: number;
  // In dBov as the server hears it; null in silence.
  audioVolume: number | null;
  firstFrameAt: number | null;
  screen: RemoteVideoStats | null;
}

// One encoding of a picture that this page sends.
export interface SentEncoding {
  rid: string | null;
  active: boolean;
  // Retransmissions included, and with them what the browser sends to probe the line.
  bytesSent: number;
  retransmittedBytesSent: number;
  packetsSent: number;
  framesEncoded: number;
  keyFramesEncoded: number;
  frameWidth: number;
  frameHeight: number;
  framesPerSecond: number;
  targetBitrate: number | null;
  scalabilityMode: string | null;
  qualityLimitationReason: string | null;
}

// Counters are sums over all encodings, sizes those of the largest that is being sent.
export interface SentStats {
  codec: string | null;
  framesEncoded: number;
  frameWidth: number;
  frameHeight: number;
  bytesSent: number;
  packetsSent: number;
  retransmittedPacketsSent: number;
  roundTripTime: number | null;
  targetBitrate: number | null;
  // Share of packets that got lost, as the server reports it.
  fractionLost: number | null;
  // From the lowest to the highest.
  encodings: SentEncoding[];
}

export interface CallStats {
  at: number;
  joinStartedAt: number | null;
  joinedAt: number | null;
  peers: PeerStats[];
  sent: { camera: SentStats | null; microphone: SentStats | null; screen: SentStats | null };
}

export interface PeerState {
  id: string;
  name: string;
  micMuted: boolean;
  cameraOff: boolean;
  sharingScreen: boolean;
  firstFrameAt: number | null;
  pinned: boolean;
  // Of the camera's tile, in CSS pixels.
  tile: PictureSize;
}

export interface CallState {
  phase: string;
  room: string | null;
  peerId: string | null;
  name: string;
  microphoneOn: boolean;
  cameraOn: boolean;
  sharing: boolean;
  joinStartedAt: number | null;
  joinedAt: number | null;
  // How often the call was joined; more than once after a reconnection or a worker restart.
  joins: number;
  peers: PeerState[];
  // Id of whoever dominates the conversation; one's own is `peerId`.
  activeSpeaker: string | null;
  view: 'grid' | 'speaker';
  panelsOpen: number;
  chat: TalkState;
  failure: { title: string; text: string } | null;
}

export interface Diagnostics {
  state(): CallState;
  stats(): Promise<CallStats>;
  // Asks the server; null outside of a call.
  connection(): Promise<ConnectionStats | null>;
}

declare global {
  interface Window {
    sluice?: Diagnostics;
  }
}

type Row = Record<string, unknown>;

export function peerState(peer: RemotePeer, pinned: Tile | null): PeerState {
  const { id, name, isMuted, isCameraOff, screenTile, firstFrameAt, tile } = peer;
  return {
    id,
    name,
    micMuted: isMuted,
    cameraOff: isCameraOff,
    sharingScreen: screenTile !== null,
    firstFrameAt,
    pinned: tile === pinned,
    tile: { width: tile.element.clientWidth, height: tile.element.clientHeight },
  };
}

export async function peerStats(peer: RemotePeer, viewing: Viewing): Promise<PeerStats> {
  const [camera, microphone, screen] = await Promise.all([
    pictureStats(peer.streamOf('camera'), viewing),
    peer
      .consumerOf('microphone')
      ?.getStats()
      .catch(() => null),
    pictureStats(peer.streamOf('screen'), viewing),
  ]);
  const sound = find(microphone, 'inbound-rtp');
  return {
    id: peer.id,
    name: peer.name,
    ...(camera ?? videoRow(null)),
    audioEnergy: number(sound, 'totalAudioEnergy'),
    audioBytesReceived: number(sound, 'bytesReceived'),
    audioPacketsReceived: number(sound, 'packetsReceived'),
    audioPacketsLost: number(sound, 'packetsLost'),
    audioConcealedSamples: number(sound, 'concealedSamples'),
    audioTotalSamples: number(sound, 'totalSamplesReceived'),
    audioVolume: peer.volume,
    firstFrameAt: peer.firstFrameAt,
    screen,
  };
}

// Also keeps the stream's history of rates.
export async function pictureStats(
  stream: RemoteStream | undefined,
  viewing: Viewing,
): Promise<RemoteVideoStats | null> {
  const report = await stream?.consumer.getStats().catch(() => null);
  if (!stream || !report) return null;
  const seen = { ...videoRow(report), layers: layerState(stream, viewing) };
  stream.meter.record({
    at: performance.now(),
    bytes: seen.bytesReceived,
    frames: seen.framesDecoded,
    packets: seen.packetsReceived,
    packetsLost: seen.packetsLost,
  });
  return seen;
}

export async function sentStats(
  session: Session | null,
  source: 'camera' | 'microphone' | 'screen',
): Promise<SentStats | null> {
  const report = await session
    ?.producerOf(source)
    ?.getStats()
    .catch(() => null);
  const rows = all(report, 'outbound-rtp').sort((a, b) => ridOf(a).localeCompare(ridOf(b)));
  if (!session || rows.length === 0) return null;
  const active = session.encodingsOf(source).map((encoding) => encoding.active ?? true);
  const encodings = rows.map((row, at) => encodingRow(row, active[at] ?? true));
  const sum = (key: string) => rows.reduce((total, row) => total + number(row, key), 0);
  const largest = encodings.filter((one) => one.active).pop() ?? encodings[0]!;
  const remote = find(report, 'remote-inbound-rtp');
  return {
    codec: codecOf(report, rows[0]!),
    framesEncoded: Math.max(...encodings.map(({ framesEncoded }) => framesEncoded)),
    frameWidth: largest.frameWidth,
    frameHeight: largest.frameHeight,
    bytesSent: sum('bytesSent'),
    packetsSent: sum('packetsSent'),
    retransmittedPacketsSent: sum('retransmittedPacketsSent'),
    roundTripTime: optional(remote, 'roundTripTime'),
    targetBitrate: rows.some((row) => 'targetBitrate' in row) ? sum('targetBitrate') : null,
    fractionLost: optional(remote, 'fractionLost'),
    encodings,
  };
}

function encodingRow(row: Row, active: boolean): SentEncoding {
  return {
    rid: text(row, 'rid'),
    active,
    bytesSent: number(row, 'bytesSent'),
    retransmittedBytesSent: number(row, 'retransmittedBytesSent'),
    packetsSent: number(row, 'packetsSent'),
    framesEncoded: number(row, 'framesEncoded'),
    keyFramesEncoded: number(row, 'keyFramesEncoded'),
    frameWidth: number(row, 'frameWidth'),
    frameHeight: number(row, 'frameHeight'),
    framesPerSecond: active ? number(row, 'framesPerSecond') : 0,
    targetBitrate: optional(row, 'targetBitrate'),
    scalabilityMode: text(row, 'scalabilityMode'),
    qualityLimitationReason: text(row, 'qualityLimitationReason'),
  };
}

function layerState(stream: RemoteStream, viewing: Viewing): LayerState | null {
  if (!stream.shape) return null;
  return {
    ...stream.shape,
    capture: stream.capture,
    current: stream.layers,
    wanted: viewing.wantedOf(stream.id),
    reason: stream.layersReason,
    changedAt: stream.layersChangedAt,
    changes: stream.layersChanges,
    score: stream.score,
    producerScore: stream.producerScore,
  };
}

function videoRow(report: RTCStatsReport | null): RemoteVideoStats {
  const row = find(report, 'inbound-rtp');
  const jitter = optional(row, 'jitter');
  const pair = all(report, 'candidate-pair').find((one) => 'currentRoundTripTime' in one);
  const roundTripTime = optional(pair ?? null, 'currentRoundTripTime');
  return {
    codec: codecOf(report, row),
    framesDecoded: number(row, 'framesDecoded'),
    framesDropped: number(row, 'framesDropped'),
    frameWidth: number(row, 'frameWidth'),
    frameHeight: number(row, 'frameHeight'),
    freezeCount: number(row, 'freezeCount'),
    bytesReceived: number(row, 'bytesReceived'),
    packetsReceived: number(row, 'packetsReceived'),
    packetsLost: number(row, 'packetsLost'),
    nackCount: number(row, 'nackCount'),
    pliCount: number(row, 'pliCount'),
    keyFramesDecoded: number(row, 'keyFramesDecoded'),
    framesPerSecond: number(row, 'framesPerSecond'),
    totalFreezesDuration: number(row, 'totalFreezesDuration'),
    jitter: jitter === null ? null : jitter * 1000,
    roundTripTime: roundTripTime === null ? null : roundTripTime * 1000,
    layers: null,
  };
}

function all(report: RTCStatsReport | null | undefined, type: string): Row[] {
  return [...(report?.values() ?? [])].filter((row: Row) => row['type'] === type);
}

function find(report: RTCStatsReport | null | undefined, type: string): Row | null {
  return all(report, type)[0] ?? null;
}

function ridOf(row: Row): string {
  return text(row, 'rid') ?? '';
}

function codecOf(report: RTCStatsReport | null | undefined, row: Row | null): string | null {
  const id = row?.['codecId'];
  const codec = typeof id === 'string' ? (report?.get(id) as Row | undefined) : undefined;
  return text(codec ?? null, 'mimeType');
}

function text(row: Row | null, key: string): string | null {
  const value = row?.[key];
  return typeof value === 'string' ? value : null;
}

function number(row: Row | null, key: string): number {
  return optional(row, key) ?? 0;
}

function optional(row: Row | null, key: string): number | null {
  const value = row?.[key];
  return typeof value === 'number' ? value : null;
}
