// What an address below /whip/ or /whep/ stands for.
//
//   /whip/ROOM                          endpoint: publish into this room
//   /whep/ROOM[/PARTICIPANT[/SOURCE]]   endpoint: watch one participant of it, or who dominates
//   /whip/ROOM/~ID, /whep/ROOM/~ID      one session
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
}

export type Resource = Endpoint | SessionResource;

const kKinds: Record<string, 'publish' | 'watch'> = { whip: 'publish', whep: 'watch' };
const kMaxSegment = 256;
const kSessionId = /^[A-Za-z0-9_-]{32}$/;

// Null for an address that stands for nothing.
export function parseResource(path: string): Resource | null {
  const parts = path.slice(1).split('/').map(decode);
  if (parts.length < 2 || parts.length > 4) return null;
  const [prefix, roomText, first, second] = parts;
  const kind = Object.hasOwn(kKinds, prefix ?? '') ? kKinds[prefix ?? ''] : undefined;
  const room = roomText?.normalize('NFC');
  if (!kind || !room || !isRoomName(room)) return null;
  if (first?.startsWith('~')) {
    const session = first.slice(1);
    return second === undefined && kSessionId.test(session) ? { kind, room, session } : null;
  }
  if (first === undefined) return { kind, room, participant: null, source: 'camera' };
  if (kind === 'publish' || first === null || first === '') return null;
  const source = second ?? 'camera';
  if (second === null || (source !== 'camera' && source !== 'screen')) return null;
  return { kind, room, participant: first.normalize('NFC'), source };
}

export function sessionPath({ kind, room, session }: SessionResource): string {
  const prefix = kind === 'publish' ? 'whip' : 'whep';
  return `/${prefix}/${encodeURIComponent(room)}/~${session}`;
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
