// The words the page and the room server exchange, as types.
//
// Frames are JSON text. A request carries an id and is answered exactly once with the same id; an
// event is never answered. The server checks every request against server/schemas.ts before it
// believes these types; the page trusts the server it was loaded from.

import type { types } from 'mediasoup-client';

export const kSources = ['camera', 'microphone', 'screen', 'screen-audio'] as const;
export type Source = (typeof kSources)[number];
export type Kind = 'audio' | 'video';
// Chat goes from one person to all others; a lane to one of them, for one file.
export type DataPurpose = 'chat' | 'lane';

export interface TransportDescription {
  id: string;
  iceParameters: types.IceParameters;
  iceCandidates: types.IceCandidate[];
  dtlsParameters: types.DtlsParameters;
  // Where there are data channels, as pages have them.
  sctpParameters?: types.SctpParameters;
}

export interface PeerDescription {
  id: string;
  name: string;
}

export interface PictureSize {
  width: number;
  height: number;
}

// A size and a frame rate of a video, both counted from 0, the lowest. Without temporalLayer: all.
export interface Layers {
  spatialLayer: number;
  temporalLayer?: number;
}

// What there is to choose from in a video, as its sender declared it.
export interface LayerShape {
  // By how much each picture is smaller than what is captured, from the smallest picture to the
  // largest: [4, 2, 1]. The place in this list is the spatial layer.
  scales: number[];
  temporalLayers: number;
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
  // Of videos; the size is null until the sender has told it.
  shape: LayerShape | null;
  capture: PictureSize | null;
}

// One way on which messages of somebody else come. Nothing comes until the page asks for it with
// resumeDataConsumers, because a message that finds no channel is lost. Always reliable and in order.
export interface DataConsumerDescription {
  id: string;
  peerId: string;
  dataProducerId: string;
  streamId: number;
  purpose: DataPurpose;
  // Of lanes: what the sender says it is for.
  topic: string | null;
}

// How one stream is watched: the highest layers that are of use, and who comes first if the line
// is too narrow for all (1 to 255). A stream that is out of sight is paused.
export interface ConsumerWish {
  consumerId: string;
  spatialLayer: number;
  temporalLayer: number;
  priority: number;
  paused: boolean;
}

// The line between this page and the server, as the server sees it. Bit rates are in bits per
// second, times in milliseconds; null is what is not known yet.
export interface ConnectionStats {
  // From the server to the page: what the line is estimated to carry, what all that is asked for
  // would take, what is sent, how much of that only to try the line, and why the estimate changed.
  availableBitrate: number | null;
  desiredBitrate: number | null;
  sentBitrate: number;
  probationBitrate: number;
  bandwidthReason: string | null;
  queueMs: number | null;
  roundTripTime: number | null;
  // From the page to the server.
  receivedBitrate: number;
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
  // Media by offers and answers on one RTCPeerConnection, by `negotiate` and the event `offer`, instead
  // of by the dictionaries of a library. What is consumed then is what a browser says in its offers;
  // rtpCapabilities may be empty.
  media?: 'sdp';
}

// What a page says of the sections in which it sends, by their mid.
export interface SectionUse {
  source: Source;
  capture?: PictureSize;
  // Of each encoding, in the order of its rids: SDP does not tell it.
  scales?: number[];
}

// What the invitation lets this person do.
export interface GrantsDescription {
  publish: Source[];
  subscribe: boolean;
  publishData: boolean;
  admin: boolean;
}

// As RTCPeerConnection takes them.
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}

export interface JoinAnswer {
  peerId: string;
  name: string;
  room: string;
  sendTransport: TransportDescription;
  recvTransport: TransportDescription;
  peers: PeerDescription[];
  consumers: ConsumerDescription[];
  dataConsumers: DataConsumerDescription[];
  // Who dominates the conversation; null while nobody has spoken.
  activeSpeaker: string | null;
  grants: GrantsDescription;
  // To reach the media ports by where the direct way is closed. Told to nobody who has not joined: the
  // credentials of a TURN server are among them.
  iceServers: IceServer[];
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
    data: {
      source: Source;
      kind: Kind;
      rtpParameters: types.RtpParameters;
      paused: boolean;
      capture?: PictureSize;
    };
    answer: { id: string };
  };
  // The camera was changed, or the shared window has another size now.
  setCapture: { data: { producerId: string } & PictureSize; answer: Record<string, never> };
  closeProducer: { data: { producerId: string }; answer: Record<string, never> };
  pauseProducer: { data: { producerId: string }; answer: Record<string, never> };
  resumeProducer: { data: { producerId: string }; answer: Record<string, never> };
  resumeConsumers: { data: { consumerIds: string[] }; answer: Record<string, never> };
  setPreferredLayers: { data: { consumers: ConsumerWish[] }; answer: Record<string, never> };
  // The one chat of this person, or a lane to `peerId`.
  produceData: {
    data: { streamId: number; purpose: DataPurpose; peerId?: string; topic?: string };
    answer: { id: string };
  };
  closeDataProducer: { data: { dataProducerId: string }; answer: Record<string, never> };
  resumeDataConsumers: { data: { dataConsumerIds: string[] }; answer: Record<string, never> };
  // With media "sdp". An offer is answered, an answer is not. `sections` is of offers.
  negotiate: {
    data: { type: 'offer' | 'answer'; sdp: string; sections?: Record<string, SectionUse> };
    // `producers` are the ids of what is sent, by mid.
    answer:
      { type: 'answer'; sdp: string; producers: Record<string, string> } | Record<string, never>;
  };
  addCandidate: {
    data: { candidate: string; sdpMid: string | null; sdpMLineIndex: number | null };
    answer: Record<string, never>;
  };
  getConnectionStats: { data: Record<string, never>; answer: ConnectionStats };
  requestKeyFrame: { data: { consumerId: string }; answer: Record<string, never> };
  ping: { data: Record<string, never>; answer: Record<string, never> };
  leave: { data: Record<string, never>; answer: Record<string, never> };
  // After moveRequested: a second set of transports for the same person, on another worker. The
  // first goes on until completeMove is answered.
  move: { data: Record<string, never>; answer: JoinAnswer };
  completeMove: { data: Record<string, never>; answer: Record<string, never> };
}

export type Method = keyof Methods;

export type LinkState = 'connecting' | 'connected' | 'disconnected';

// Event name -> what it says.
export interface Events {
  peerJoined: PeerDescription;
  peerLeft: { peerId: string };
  // The state of the path between that person and the server, as the server sees it.
  peerLink: { peerId: string; state: LinkState };
  // To pages with media "sdp", to be answered by `negotiate`. Void if the page has an offer of its own
  // under way: it will come again.
  offer: { sdp: string };
  newConsumer: ConsumerDescription;
  // Of what somebody sends and this page has no decoder for. The codec is as people call it.
  undecodable: { peerId: string; name: string; source: Source; codec: string };
  consumerClosed: { consumerId: string };
  consumerPaused: { consumerId: string };
  consumerResumed: { consumerId: string };
  newDataConsumer: DataConsumerDescription;
  dataConsumerClosed: { dataConsumerId: string };
  // What flows from now on, null for nothing, and why, in one word of the media server.
  layersChanged: { consumerId: string; layers: Layers | null; reason: string };
  // 0 (nothing arrives) to 10 (nothing is lost): of the stream as it reaches this page, and of what
  // its sender sends.
  consumerScore: { consumerId: string; score: number; producerScore: number };
  captureChanged: { producerId: string } & PictureSize;
  // To whom sends: the highest layers that anybody watches, null if nobody does, and for each
  // encoding whether somebody wants it. What nobody wants need not be sent.
  wantedLayers: { producerId: string; layers: Layers | null; encodings: boolean[] };
  producerScore: { producerId: string; scores: number[] };
  // To all, the speaker included.
  activeSpeaker: { peerId: string };
  // The loudest first, in dBov (-127 to 0); empty when nobody speaks any more.
  audioLevels: { levels: { peerId: string; volume: number }[] };
  // The worker of this room died. Everything the page knew of the room is void; the socket is
  // still good and a new join on it is welcome at once.
  roomReset: { reason: string };
  // The worker that this person is on is about to be replaced: ask to `move`. Who does not is reset.
  moveRequested: { reason: string };
  // A moderator turned this source off; while it is held, it cannot be turned on again. Not muted: it
  // may be turned on again.
  sourceMuted: { source: Source; muted: boolean; held: boolean };
  // The stay is over, and the socket is closed next.
  dismissed: { why: DismissalReason; message: string };
}

export type DismissalReason = 'removed' | 'roomClosed' | 'expired';

export type EventName = keyof Events;

export type ErrorCode =
  | 'already_connected'
  | 'bad_message'
  | 'bad_request'
  | 'capabilities_changed'
  | 'draining'
  | 'forbidden'
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
  dismissed: 4003,
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

// Of one setPreferredLayers: every stream of a full room and then some.
export const kMaxWishes = 512;
// Of one message on a data channel, in bytes. A longer one would hold up chat behind files.
export const kMaxDataBytes = 64 * 1024;
// Characters of an offer or answer; one of a page that sees 31 others has some 100,000.
export const kMaxSdp = 200_000;
// What mediasoup-client counts with, and what a browser asks for at least.
export const kDataStreams = 1024;
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
