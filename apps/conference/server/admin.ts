// What an operator may do below /admin, each with its address.
//
// A secret opens all of it; a room token with the grant "admin" opens what is of its room.

import { z } from 'zod';

import { kMaxRoomLength, kSources } from '../protocol/messages';
import type { Source } from '../protocol/messages';
import type { Conference } from './conference';
import { describeGrants } from './grants';
import { Problem } from './http_route';
import type { Peer } from './peer';
import type { RollingRestart } from './rolling';
import type { Room } from './room';
import type { WebhookCounters } from './webhooks';
import type { Viewer, WhipFrontDoor } from './whip/front_door';
import type { WorkerPool } from './worker_pool';

// A sentence for those who are sent away.
const kMaxMessageLength = 300;

export interface AdminParts {
  conference: Conference;
  pool: WorkerPool;
  rolling: RollingRestart;
  drain: Drain;
  webhookCounters: () => WebhookCounters | null;
  // Null without WHIP and WHEP.
  whip: Pick<WhipFrontDoor, 'viewers' | 'removeViewer'> | null;
}

// How the whole server comes to its end, or not after all.
export interface Drain {
  begin(): void;
  cancel(): void;
  status(): object;
}

export interface AdminEndpoint {
  method: 'GET' | 'POST' | 'DELETE';
  // Parts that begin with ":" stand for any text.
  path: string;
  // What a token may be good for; null for the secret alone.
  scope: 'room' | null;
  body: z.ZodType;
  run(parts: AdminParts, names: Record<string, string>, body: never): Promise<object> | object;
}

const kNothing = z.strictObject({});
const kSentence = z.strictObject({ message: z.string().min(1).max(kMaxMessageLength).optional() });
const kSource = z.strictObject({ source: z.enum(kSources) });
const kMute = z.strictObject({ source: z.enum(kSources), hold: z.boolean().optional() });

// Ties the type of the body to its schema.
function endpoint<S extends z.ZodType>(
  place: Pick<AdminEndpoint, 'method' | 'path' | 'scope'>,
  body: S,
  run: (
    parts: AdminParts,
    names: Record<string, string>,
    body: z.infer<S>,
  ) => Promise<object> | object,
): AdminEndpoint {
  return { ...place, body, run: run as AdminEndpoint['run'] };
}

export const kEndpoints: readonly AdminEndpoint[] = [
  endpoint({ method: 'GET', path: 'rooms', scope: null }, kNothing, ({ conference, whip }) => ({
    rooms: conference.allRooms.map((room) => ({
      name: room.name,
      people: room.peers.size,
      viewers: whip?.viewers(room.name).length ?? 0,
      workers: workersOf(room),
    })),
  })),
  endpoint({ method: 'GET', path: 'rooms/:room', scope: 'room' }, kNothing, (parts, names) => {
    const room = roomOf(parts, names);
    const people = [...room.peers.values()].map(describePerson);
    const viewers = (parts.whip?.viewers(room.name) ?? []).map(describeViewer);
    return { name: room.name, people, viewers, workers: workersOf(room) };
  }),
  endpoint(
    { method: 'POST', path: 'rooms/:room/close', scope: 'room' },
    kSentence,
    (parts, names, body) => {
      const people = [...roomOf(parts, names).peers.values()];
      const message = body.message ?? 'The room was closed.';
      for (const peer of people) parts.conference.dismiss(peer, 'roomClosed', message);
      return { removed: people.length };
    },
  ),
  endpoint(
    { method: 'POST', path: 'rooms/:room/people/:person/remove', scope: 'room' },
    kSentence,
    (parts, names, body) => {
      const peer = personOf(parts, names);
      const message = body.message ?? 'A moderator removed you from the room.';
      parts.conference.dismiss(peer, 'removed', message);
      return { removed: 1 };
    },
  ),
  endpoint(
    { method: 'POST', path: 'rooms/:room/people/:person/mute', scope: 'room' },
    kMute,
    async (parts, names, body) => {
      const peer = personOf(parts, names);
      await peer.mute(body.source, body.hold ?? false);
      return describePerson(peer);
    },
  ),
  endpoint(
    { method: 'POST', path: 'rooms/:room/people/:person/unmute', scope: 'room' },
    kSource,
    (parts, names, body) => {
      // Nobody's microphone is turned on from afar; its owner may do so again.
      const peer = personOf(parts, names);
      peer.release(body.source);
      return describePerson(peer);
    },
  ),
  endpoint(
    { method: 'POST', path: 'rooms/:room/viewers/:viewer/remove', scope: 'room' },
    kNothing,
    (parts, names) => {
      const { name } = roomOf(parts, names);
      if (parts.whip?.removeViewer(name, names.viewer ?? '')) return { removed: 1 };
      throw new Problem(404, 'Not Found', 'There is no viewer with this id in the room.');
    },
  ),
  endpoint({ method: 'GET', path: 'workers', scope: null }, kNothing, ({ pool }) => ({
    workers: pool.status().map((one) => ({ ...one, pid: pool.pidOf(one.index) })),
  })),
  endpoint(
    { method: 'POST', path: 'workers/replace', scope: null },
    kNothing,
    async ({ rolling }) => ({
      replaced: await rolling.run(),
    }),
  ),
  endpoint(
    { method: 'POST', path: 'workers/:index/replace', scope: null },
    kNothing,
    async ({ rolling, pool }, { index = '' }) => {
      const known = /^\d{1,3}$/.test(index) && Number(index) < pool.status().length;
      if (!known) throw new Problem(404, 'Not Found', `There is no worker ${index}.`);
      return { replaced: await rolling.run([Number(index)]) };
    },
  ),
  endpoint({ method: 'GET', path: 'drain', scope: null }, kNothing, ({ drain }) => drain.status()),
  endpoint({ method: 'POST', path: 'drain', scope: null }, kNothing, ({ drain }) => {
    drain.begin();
    return drain.status();
  }),
  endpoint({ method: 'DELETE', path: 'drain', scope: null }, kNothing, ({ drain }) => {
    drain.cancel();
    return drain.status();
  }),
  endpoint({ method: 'GET', path: 'webhooks', scope: null }, kNothing, ({ webhookCounters }) => ({
    webhooks: webhookCounters(),
  })),
];

// Which of them it is, with what stands in the place of each ":name"; the methods of the address if it
// takes others (RFC 9110 §15.5.6); null if there is none. A fixed word comes before any text, in the order
// of the table.
export function match(
  method: string,
  path: string,
): { endpoint: AdminEndpoint; names: Record<string, string> } | { allow: string } | null {
  const others = new Set<string>();
  for (const endpoint of kEndpoints) {
    const names = namesIn(endpoint.path, path);
    if (names === null) continue;
    if (endpoint.method === method) return { endpoint, names };
    if (endpoint.method === 'GET') others.add('HEAD');
    others.add(endpoint.method);
  }
  return others.size > 0 ? { allow: [...others].sort().join(', ') } : null;
}

function namesIn(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return null;
  const names: Record<string, string> = {};
  for (const [at, word] of wanted.entries()) {
    const text = given[at] ?? '';
    if (!word.startsWith(':')) {
      if (word !== text) return null;
    } else {
      const name = decoded(text);
      if (name === null) return null;
      names[word.slice(1)] = name;
    }
  }
  return names;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text).normalize('NFC') || null;
  } catch {
    return null;
  }
}

function roomOf({ conference }: AdminParts, { room = '' }: Record<string, string>): Room {
  const found = conference.findRoom(room);
  if (found) return found;
  throw new Problem(404, 'Not Found', `There is no room ${room.slice(0, kMaxRoomLength)}.`);
}

function personOf(parts: AdminParts, names: Record<string, string>): Peer {
  const peer = roomOf(parts, names).peers.get(names.person ?? '');
  if (peer) return peer;
  throw new Problem(404, 'Not Found', 'There is nobody with this id in the room.');
}

function workersOf(room: Room): number[] {
  const indices = [...room.peers.values()].map(({ live }) => live.index);
  return [...new Set(indices)].sort((a, b) => a - b);
}

function describeViewer({ since, ...viewer }: Viewer): object {
  return { ...viewer, since: new Date(since).toISOString() };
}

function describePerson(peer: Peer): object {
  const { id, name, identity, metadata, grants, joinedAt, held } = peer.person;
  const sources = [...peer.producers.values()].map(({ source, producer }) => ({
    source,
    kind: producer.kind,
    paused: producer.paused,
  }));
  return {
    id,
    name,
    identity,
    metadata,
    grants: describeGrants(grants),
    joinedAt: new Date(joinedAt).toISOString(),
    worker: peer.live.index,
    sources,
    held: [...held] as Source[],
  };
}
