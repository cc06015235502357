// What a WHEP session has beside itself (draft-ietf-wish-whep, "Protocol extensions"): an address
// where layers are chosen, and one where streams of events are made.

import { z } from 'zod';

import { problem } from '../http_problem';
import { kEvents } from './event_streams';
import type { EventSink, EventStreams, WhepEvent } from './event_streams';
import { kJson, requireType } from './fields';
import type { WhipRequest } from './front_door';
import type { WatchedMedia } from './media';
import { sessionPath } from './resource';
import type { SessionResource } from './resource';
import type { ResponseHeaders, WhipResponse } from './response';
import type { WhipSession } from './session';

const kMaxBodyBytes = 4096;
const kUrn = 'urn:ietf:params:whep:ext:core';

export const kExtensionMethods = {
  layer: 'POST, OPTIONS',
  sse: 'POST, OPTIONS',
  stream: 'GET, HEAD, DELETE, OPTIONS',
} as const;

const kLayer = z.number().int().min(0).max(254).optional();
const kPixels = z.number().int().min(1).max(65_535).optional();
const kRid = z.string().min(1).max(32).optional();
// Fields that a later draft may add say nothing here.
const kSelection = z.object({
  mediaId: z.union([z.string().regex(/^\d{1,3}$/), z.number().int().min(0).max(999)]).optional(),
  ...{ rid: kRid, encodingId: kRid },
  ...{ spatialLayerId: kLayer, temporalLayerId: kLayer },
  ...{ maxSpatialLayerId: kLayer, maxTemporalLayerId: kLayer },
  ...{ maxWidth: kPixels, maxHeight: kPixels },
});
// Players list what the draft has, of which some is not for us to tell.
const kWanted = z.array(z.string().max(32)).max(16);

// Of the answer that a session begins with.
export function extensionLinks(path: string, watched: WatchedMedia | null): string[] {
  if (!watched) return [];
  const events = `<${path}/sse>; rel="${kUrn}:server-sent-events"; events="${kEvents.join(',')}"`;
  return watched.hasPicture ? [events, `<${path}/layer>; rel="${kUrn}:layer"`] : [events];
}

// Rejects with 4xx. The session is the caller's, and the method one of those above.
export async function answerExtension(
  request: WhipRequest,
  { session, resource, events }: ExtensionPlace,
): Promise<WhipResponse> {
  const { watched } = session;
  if (!watched) throw problem(404, 'There is nothing at this address.');
  if (resource.part === 'layer') return select(request, session);
  if (resource.stream === null) return createStream(request, { session, resource, events });
  return answerStream(request, { session, events, id: resource.stream });
}

interface ExtensionPlace {
  session: WhipSession;
  resource: SessionResource;
  events: EventStreams;
}

async function select(request: WhipRequest, session: WhipSession): Promise<WhipResponse> {
  requireType(request.headers, kJson);
  const { mediaId, ...selection } = read(kSelection, await request.body(kMaxBodyBytes));
  // One after the other, so that the last one asked for holds.
  await session.inTurn(async ({ watched }) => {
    await watched?.select(mediaId === undefined ? null : Number(mediaId), selection);
  });
  return { status: 200, headers: {}, body: null };
}

async function createStream(
  request: WhipRequest,
  { session, resource, events }: ExtensionPlace,
): Promise<WhipResponse> {
  const { headers } = request;
  if (headers['content-type'] !== undefined) requireType(headers, kJson);
  const body = await request.body(kMaxBodyBytes);
  if (body !== '') requireType(headers, kJson);
  const wanted = body === '' ? [...kEvents] : chosen(read(kWanted, body));
  if (session.over) throw problem(404, 'This session is over.');
  const stream = events.create(session, wanted);
  const location = sessionPath({ ...resource, part: 'sse', stream });
  return { status: 201, headers: { Location: location }, body: null };
}

function chosen(names: string[]): WhepEvent[] {
  const known = kEvents.filter((name) => names.includes(name));
  if (known.length > 0) return known;
  throw problem(422, `None of these events is told here; those that are: ${kEvents.join(', ')}.`);
}

function answerStream(
  { method }: WhipRequest,
  { session, events, id }: { session: WhipSession; events: EventStreams; id: string },
): WhipResponse {
  if (method === 'DELETE') {
    events.delete(session, id);
    return { status: 200, headers: {}, body: null };
  }
  if (!events.has(session, id)) throw problem(404, 'There is no such event stream.');
  // A proxy that buffers would keep events to itself.
  const headers: ResponseHeaders = {
    'Content-Type': 'text/event-stream',
    'X-Accel-Buffering': 'no',
  };
  const stream = (sink: EventSink) => events.attach(id, sink);
  return { status: 200, headers, body: null, ...(method === 'GET' ? { stream } : {}) };
}

// Throws 400 with the field.
function read<S extends z.ZodType>(schema: S, text: string): z.infer<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw problem(400, 'The body is not JSON.');
  }
  const checked = schema.safeParse(json);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw problem(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'makes no sense'}`);
}
