// What an address below /whip/ or /whep/ stands for.
//
//   /whip/ROOM                          endpoint: publish into this room
//   /whep/ROOM[/PARTICIPANT[/SOURCE]]   endpoint: watch one participant of it, or who dominates
//   /whip/ROOM/~ID, /whep/ROOM/~ID      one session
//   /whep/ROOM/~ID/layer                where its layers are chosen
//   /whep/ROOM/~ID/sse[/STREAM]         where streams of events are made; one of them
//
// The tilde, which needs no escape in a path (RFC 3986 §2.3), tells a session from a participant. A
// participant is named by id or name; a name that begins with a tilde is reached by the id only.

import { isRoomName } from '../../protocol/messages';

// What is to be seen and heard of somebody.
export type Watched = 'camera' | 'screen';

export interface Endpoint {
  kind: 'publish' | 'watch';
  room: string;
  // Of endpoints to watch; null for whoever dominates the conversation.
  participant: string | null;
  source: Watched;
}

export interface SessionResource {
  kind: 'publish' | 'watch';
  room: string;
  session: string;
  // Null for the session itself.
  part: 'layer' | 'sse' | null;
  // Of 'sse': one stream of events.
  stream: string | null;
}

export type Resource = Endpoint | SessionResource;

const kKinds: Record<string, 'publish' | 'watch'> = { whip: 'publish', whep: 'watch' };
const kMaxSegment = 256;
const kSessionId = /^[A-Za-z0-9_-]{32}$/;

// Null for an address that stands for nothing.
export function parseResource(path: string): Resource | null {
  const parts = path.slice(1).split('/').map(decode);
  if (parts.length < 2 || parts.length > 5) return null;
  const [prefix, roomText, first, second, third] = parts;
  const kind = Object.hasOwn(kKinds, prefix ?? '') ? kKinds[prefix ?? ''] : undefined;
  const room = roomText?.normalize('NFC');
  if (!kind || !room || !isRoomName(room)) return null;
  if (first?.startsWith('~')) {
    return parseSession({ kind, room, session: first.slice(1) }, second, third);
  }
  if (third !== undefined) return null;
  if (first === undefined) return { kind, room, participant: null, source: 'camera' };
  if (kind === 'publish' || first === null || first === '') return null;
  const source = second ?? 'camera';
  if (second === null || (source !== 'camera' && source !== 'screen')) return null;
  return { kind, room, participant: first.normalize('NFC'), source };
}

function parseSession(
  named: Pick<SessionResource, 'kind' | 'room' | 'session'>,
  part: string | null | undefined,
  stream: string | null | undefined,
): SessionResource | null {
  if (!kSessionId.test(named.session)) return null;
  if (part === undefined) return { ...named, part: null, stream: null };
  if (named.kind !== 'watch' || (part !== 'layer' && part !== 'sse')) return null;
  if (stream === undefined) return { ...named, part, stream: null };
  const isStream = part === 'sse' && stream !== null && kSessionId.test(stream);
  return isStream ? { ...named, part, stream } : null;
}

export function sessionPath({ kind, room, session, part, stream }: SessionResource): string {
  const prefix = kind === 'publish' ? 'whip' : 'whep';
  const rest = [part, stream].flatMap((word) => (word === null ? [] : `/${word}`)).join('');
  return `/${prefix}/${encodeURIComponent(room)}/~${session}${rest}`;
}

export function isSession(resource: Resource): resource is SessionResource {
  return 'session' in resource;
}

function decode(segment: string): string | null {
  if (segment.length > kMaxSegment) return null;
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
}
