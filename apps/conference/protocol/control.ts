// The words of the control socket: what another program of the same user may ask of a running
// server. It is not for strangers, and browsers cannot reach it.
//
// Frames are lines of JSON on a Unix socket. As on the WebSocket, a request is answered exactly once
// with its id, and an event is never answered.

import type { types } from 'mediasoup-client';

import type { Kind, Layers, Source } from './messages';

// A line that is longer comes from no program of ours.
export const kMaxControlLine = 64 * 1024;

export interface StreamFacts {
  producerId: string;
  source: Source;
  kind: Kind;
}

export interface PersonFacts {
  peerId: string;
  name: string;
  streams: StreamFacts[];
}

export interface Reception {
  consumerId: string;
  rtpParameters: types.RtpParameters;
  // How many sizes there are to choose from; 1 for sound.
  spatialLayers: number;
}

export interface ControlMethods {
  // Once for each connection: from now on events tell what happens in this room, which need not
  // be open yet.
  watch: { data: { room: string }; answer: { people: PersonFacts[] } };
  // RTP and RTCP of one stream to this UDP port of 127.0.0.1; it waits for `resume`. Without
  // spatialLayer: the largest picture.
  receive: {
    data: { producerId: string; port: number; spatialLayer?: number };
    answer: Reception;
  };
  // Lets packets come; a picture begins with a key frame.
  resume: { data: { consumerId: string }; answer: object };
  requestKeyFrame: { data: { consumerId: string }; answer: object };
  stop: { data: { consumerId: string }; answer: object };
}

export interface ControlEvents {
  personJoined: PersonFacts;
  personLeft: { peerId: string };
  streamStarted: { peerId: string; stream: StreamFacts };
  streamEnded: { producerId: string };
  layersChanged: { consumerId: string; layers: Layers | null };
}

export type ControlMethod = keyof ControlMethods;
export type ControlEventName = keyof ControlEvents;

export interface ControlRequest {
  id: number;
  method: ControlMethod;
  data: unknown;
}

export type ControlFrame =
  | { id: number; ok: true; data: unknown }
  | { id: number; ok: false; error: { code: string; message: string } }
  | { event: ControlEventName; data: unknown };
