// The words the page and the room server exchange, as types.
//
// Frames are JSON text. A request carries an id and is answered exactly once with the same id; an
// event is never answered. The server checks every request against server/schemas.ts before it
// believes these types; the page trusts the server it was loaded from.

import type { types } from 'mediasoup-client';

export type Source = 'camera' | 'microphone' | 'screen' | 'screen-audio';
export type Kind = 'audio' | 'video';

export interface TransportDescription {
  id: string;
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
}

export interface PeerDescription {
  id: string;
  name: string;
}

// One stream the page is to receive. It stays silent until the page asks for it with
// resumeConsumers, because a key frame sent before the decoder exists would be lost.
export interface ConsumerDescription {
  id: string;
  peerId: string;
  producerId: string;
  source: Source;
  kind: Kind;
  rtpParameters: types.RtpParameters;
  producerPaused: boolean;
}

export interface JoinRequest {
  name: string;
  // Tells a reconnecting tab from a stranger, so that the ghost of its old socket leaves at once.
  // Chosen by the page, known to nobody else, never shown to other people.
  session: string;
  // Which router capabilities the page was built its device from; see PageConfig.
  revision: string;
  rtpCapabilities: types.RtpCapabilities;
  token?: string;
}

export interface JoinAnswer {
  peerId: string;
  name: string;
  room: string;
  sendTransport: TransportDescription;
  recvTransport: TransportDescription;
  peers: PeerDescription[];
  consumers: ConsumerDescription[];
}

// Method name -> what is asked and what is answered.
export interface Methods {
  join: { data: JoinRequest; answer: JoinAnswer };
  connectTransport: {
    data: { transportId: string; dtlsParameters: types.DtlsParameters };
    answer: Record<string, never>;
  };
  restartIce: { data: { transportId: string }; answer: { iceParameters: types.IceParameters } };
  produce: {
    data: { source: Source; kind: Kind; rtpParameters: types.RtpParameters; paused: boolean };
    answer: { id: string };
  };
  closeProducer: { data: { producerId: string }; answer: Record<string, never> };
  pauseProducer: { data: { producerId: string }; answer: Record<string, never> };
  resumeProducer: { data: { producerId: string }; answer: Record<string, never> };
  resumeConsumers: { data: { consumerIds: string[] }; answer: Record<string, never> };
  requestKeyFrame: { data: { consumerId: string }; answer: Record<string, never> };
  ping: { data: Record<string, never>; answer: Record<string, never> };
  leave: { data: Record<string, never>; answer: Record<string, never> };
}

export type Method = keyof Methods;

export type LinkState = 'connecting' | 'connected' | 'disconnected';

// Event name -> what it says.
export interface Events {
  peerJoined: PeerDescription;
  peerLeft: { peerId: string };
  // The state of the path between that person and the server, as the server sees it.
  peerLink: { peerId: string; state: LinkState };
  newConsumer: ConsumerDescription;
  consumerClosed: { consumerId: string };
  consumerPaused: { consumerId: string };
  consumerResumed: { consumerId: string };
  // The worker of this room died. Everything the page knew of the room is void; the socket is
  // still good and a new join on it is welcome at once.
  roomReset: { reason: string };
}

export type EventName = keyof Events;

export type ErrorCode =
  | 'bad_message'
  | 'bad_request'
  | 'capabilities_changed'
  | 'internal'
  | 'not_found'
  | 'not_joined'
  | 'room_full'
  | 'rooms_full'
  | 'server_full'
  | 'too_many_requests'
  | 'unauthorized'
  | 'unavailable';

export interface RequestFrame {
  id: number;
  method: Method;
  data?: unknown;
}

export type AnswerFrame =
  | { id: number; ok: true; data: unknown }
  | { id: number; ok: false; error: { code: ErrorCode; message: string } };

export interface EventFrame {
  event: EventName;
  data: unknown;
}

// Why the server closed a socket (RFC 6455 §7.4.2: 4000-4999 are for applications).
export const CloseCode = {
  goingAway: 1001,
  replaced: 4001,
  tooFast: 4008,
  idle: 4009,
  badMessage: 4010,
} as const;

// Embedded in index.html, so that the page can load its device before it has asked for anything.
export interface PageConfig {
  version: string;
  revision: string;
  routerRtpCapabilities: types.RtpCapabilities;
  tokensRequired: boolean;
}

export const kMaxNameLength = 40;
export const kMaxRoomLength = 64;

// Letters and digits of any script, and a few marks that need no escaping in a URL path.
const kRoomPattern = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}._~-]*$/u;

export function isRoomName(text: string): boolean {
  return text.length <= kMaxRoomLength && kRoomPattern.test(text);
}

// Makes what a person typed fit for a badge: no control characters, no runs of blanks.
export function tidyName(text: string): string {
  const tidy = text.replace(/[\p{C}\s]+/gu, ' ').trim();
  return [...tidy].slice(0, kMaxNameLength).join('').trim();
}
