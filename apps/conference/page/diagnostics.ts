// `window.sluice`: what the page knows about its call, for tests and for the curious.
//
// A diagnostic interface: it only reads, and its fields are listed in the README of this folder.

import type { Session } from './session';
import type { RemotePeer } from './remote_peer';

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
}

export interface PeerStats extends RemoteVideoStats {
  id: string;
  name: string;
  audioEnergy: number;
  audioBytesReceived: number;
  audioPacketsReceived: number;
  audioPacketsLost: number;
  firstFrameAt: number | null;
  screen: RemoteVideoStats | null;
}

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
  failure: { title: string; text: string } | null;
}

export interface Diagnostics {
  state(): CallState;
  stats(): Promise<CallStats>;
}

declare global {
  interface Window {
    sluice?: Diagnostics;
  }
}

type Row = Record<string, unknown>;

export async function peerStats(peer: RemotePeer): Promise<PeerStats> {
  const [camera, microphone, screen] = await Promise.all([
    videoOf(peer, 'camera'),
    peer
      .consumerOf('microphone')
      ?.getStats()
      .catch(() => null),
    videoOf(peer, 'screen'),
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
    firstFrameAt: peer.firstFrameAt,
    screen,
  };
}

export async function sentStats(
  session: Session | null,
  source: 'camera' | 'microphone' | 'screen',
): Promise<SentStats | null> {
  const report = await session
    ?.producerOf(source)
    ?.getStats()
    .catch(() => null);
  const row = find(report, 'outbound-rtp');
  if (!row) return null;
  const remote = find(report, 'remote-inbound-rtp');
  return {
    codec: codecOf(report, row),
    framesEncoded: number(row, 'framesEncoded'),
    frameWidth: number(row, 'frameWidth'),
    frameHeight: number(row, 'frameHeight'),
    bytesSent: number(row, 'bytesSent'),
    packetsSent: number(row, 'packetsSent'),
    retransmittedPacketsSent: number(row, 'retransmittedPacketsSent'),
    roundTripTime: remote && 'roundTripTime' in remote ? number(remote, 'roundTripTime') : null,
    targetBitrate: 'targetBitrate' in row ? number(row, 'targetBitrate') : null,
  };
}

async function videoOf(
  peer: RemotePeer,
  source: 'camera' | 'screen',
): Promise<RemoteVideoStats | null> {
  const report = await peer
    .consumerOf(source)
    ?.getStats()
    .catch(() => null);
  return report ? videoRow(report) : null;
}

function videoRow(report: RTCStatsReport | null): RemoteVideoStats {
  const row = find(report, 'inbound-rtp');
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
  };
}

function find(report: RTCStatsReport | null | undefined, type: string): Row | null {
  for (const row of report?.values() ?? []) if ((row as Row)['type'] === type) return row as Row;
  return null;
}

function codecOf(report: RTCStatsReport | null | undefined, row: Row | null): string | null {
  const id = row?.['codecId'];
  const codec = typeof id === 'string' ? (report?.get(id) as Row | undefined) : undefined;
  const mimeType = codec?.['mimeType'];
  return typeof mimeType === 'string' ? mimeType : null;
}

function number(row: Row | null, key: string): number {
  const value = row?.[key];
  return typeof value === 'number' ? value : 0;
}
