// What the address of the page asks for: kiosks and tests join without a click.

import { isRoomName, tidyName } from '../protocol/messages';
import { kLayerModes } from './encodings';
import type { LayerMode } from './encodings';

export const kCodecs = ['VP8', 'H264', 'VP9', 'AV1'] as const;
export type CodecName = (typeof kCodecs)[number];

const kViews = ['grid', 'speaker'] as const;

export interface Params {
  room: string | null;
  // A room was named, but no room can have that name.
  roomIsBad: boolean;
  name: string;
  autoJoin: boolean;
  audio: boolean;
  video: boolean;
  codec: CodecName | null;
  // How a picture is sent; null leaves it to the codec.
  layers: LayerMode | null;
  // Whoever speaks on the stage instead of all in a grid; null leaves it to what was chosen last.
  view: 'grid' | 'speaker' | null;
  // All panels open from the start.
  panels: boolean;
  token: string | null;
}

export function parseParams(path: string, search: string): Params {
  const query = new URLSearchParams(search);
  const named = query.get('room') ?? roomOfPath(path);
  const room = named?.normalize('NFC').trim() || null;
  const codec = query.get('codec')?.toUpperCase();
  return {
    room: room !== null && isRoomName(room) ? room : null,
    roomIsBad: room !== null && !isRoomName(room),
    name: tidyName(query.get('name') ?? ''),
    autoJoin: query.get('join') === 'auto',
    audio: query.get('audio') !== '0',
    video: query.get('video') !== '0',
    codec: kCodecs.find((known) => known === codec) ?? null,
    layers: kLayerModes.find((known) => known === query.get('layers')) ?? null,
    view: kViews.find((known) => known === query.get('view')) ?? null,
    panels: query.get('panels') === '1',
    token: query.get('token') || null,
  };
}

function roomOfPath(path: string): string | null {
  const match = /^\/r\/([^/]+)$/.exec(path);
  if (!match?.[1]) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

// What people type into the field becomes what can stand in an address.
export function roomNameFrom(typed: string): string {
  return typed.normalize('NFC').trim().replace(/\s+/g, '-');
}

// The address to pass on. It carries the room and nothing that is personal; above all no token.
export function linkToRoom(origin: string, room: string): string {
  return `${origin}/?room=${encodeURIComponent(room)}`;
}

const kColours = [
  'amber',
  'azure',
  'coral',
  'ivory',
  'jade',
  'olive',
  'pearl',
  'plum',
  'ruby',
  'teal',
];
const kThings = [
  'brook',
  'cove',
  'delta',
  'fjord',
  'harbor',
  'lagoon',
  'marsh',
  'rapids',
  'spring',
  'weir',
];

// `random` yields numbers in [0, 1). Three digits keep strangers from meeting by chance.
export function inventRoom(random: () => number): string {
  const pick = (words: string[]) => words[Math.floor(random() * words.length)] ?? 'room';
  return `${pick(kColours)}-${pick(kThings)}-${100 + Math.floor(random() * 900)}`;
}
