// What the door needs of the media behind it, and nothing more: a unit test puts a fake in its place.

import type { sdp } from '@sluice/sdk';

import type { Endpoint, Watched } from './resource';
import type { LayerSelection, WatchedLayer } from './watched_layers';

// One peer connection, for as long as it lasts.
export interface WhipMedia {
  // Candidates, of which a lite agent makes nothing: it answers checks and makes none (RFC 8445 §2.5);
  // or other credentials, by which ICE begins anew. The server's own fragment then, else null.
  // Rejects with a Problem and leaves the old ICE session alive.
  takeFragment(fragment: sdp.SdpFragment): Promise<string | null>;
  // Null of those who publish.
  readonly watched: WatchedMedia | null;
  close(): void;
}

// What a viewer gets, and may choose of it.
export interface WatchedMedia {
  // Whose it is, in the room.
  readonly participant: string;
  readonly source: Watched;
  readonly hasPicture: boolean;
  // Whether anything of it flows, as far as its publisher is concerned.
  isActive(): boolean;
  // By the index of the section, as texts. Rejects if it has just ended.
  layers(): Promise<Record<string, WatchedLayer[]>>;
  // Of section `index`, or the only one with a picture. Rejects with 422 or 409.
  select(index: number | null, selection: LayerSelection): Promise<void>;
}

// What becomes of it, told by the media. Nothing is told after `ended`.
export interface MediaListener {
  connected(): void;
  // It is over and has closed itself: consent was lost, the room was closed, somebody put it out.
  ended(reason: string): void;
}

export interface OpenRequest {
  endpoint: Endpoint;
  // Who it is in the room; the token's word if it says any.
  name: string | null;
  offer: string;
  // As the client sent it.
  token: string | undefined;
}

export interface OpenedMedia {
  media: WhipMedia;
  answer: string;
}

// Rejects with a Problem, or a Refusal of the conference.
export type OpenMedia = (request: OpenRequest, listener: MediaListener) => Promise<OpenedMedia>;

// What a token allows.
export interface Pass {
  name: string | null;
  // How long from now on, in milliseconds; null for ever.
  validForMs: number | null;
}

// Rejects with a Refusal: unauthorized, or whatever else the token lacks.
export type CheckToken = (endpoint: Endpoint, token: string | undefined) => Promise<Pass>;
