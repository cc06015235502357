// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) as a function from requests to responses.
//
// It knows neither sockets nor media: an adapter (http_adapter.ts) brings requests, and `open` makes
// the media. What is cheap to refuse is refused first, and nothing of a body is read before its
// sender may send one.

import type { IncomingHttpHeaders } from 'node:http';

import { tidyName } from '../../protocol/messages';
import type { Clock } from '../clock';
import { Problem, problem } from '../http_problem';
import { reasonOf } from '../log';
import type { Log } from '../log';
import type { IceServer } from '../option_values';
import { Refusal } from '../refusal';
import { Allowance, kAllowance } from './allowance';
import type { AllowanceLimits } from './allowance';
import { Cors } from './cors';
import { EventStreams } from './event_streams';
import type { EventCounts } from './event_streams';
import { answerExtension, extensionLinks, kExtensionMethods } from './extensions';
import {
  bearerToken,
  iceLinks,
  kFragment,
  kJson,
  kSdp,
  linkField,
  requireAcceptable,
  requireMatch,
  requireType,
} from './fields';
import { parseFragment } from './fragments';
import type { CheckToken, OpenMedia } from './media';
import { problemOf, tokenNeeded } from './refusals';
import { isSession, parseResource, sessionPath } from './resource';
import type { Endpoint, SessionResource, Watched } from './resource';
import { problemResponse } from './response';
import type { ResponseHeaders, WhipResponse } from './response';
import { WhipSession } from './session';

const kEndpointMethods = 'POST, GET, HEAD, OPTIONS';
const kSessionMethods = 'PATCH, DELETE, GET, HEAD, OPTIONS';

export interface WhipRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  // Of whom it comes from.
  address: string;
  // Rejects with a Problem if it is too long, or no text. The limit is in bytes; that of an offer
  // if missing.
  body: (limit?: number) => Promise<string>;
}

export interface FrontDoorOptions {
  open: OpenMedia;
  // Null lets everybody in.
  checkToken: CheckToken | null;
  iceServers: readonly IceServer[];
  corsOrigins: readonly string[];
  maxSessions: number;
  allowance?: Partial<AllowanceLimits>;
  clock: Clock;
  log: Log;
}

export interface WhipCounts extends EventCounts {
  publishing: number;
  watching: number;
  // Since the start: sessions that were opened, why they ended, what was refused by status.
  opened: number;
  ended: Record<string, number>;
  refused: Record<string, number>;
}

// Somebody who watches by WHEP, as moderators see them.
export interface Viewer {
  id: string;
  name: string | null;
  // Of the person that is watched.
  participant: string;
  source: Watched;
  connected: boolean;
  // Milliseconds since 1970.
  since: number;
}

export class WhipFrontDoor {
  private readonly sessions = new Map<string, WhipSession>();
  private readonly allowance: Allowance;
  private readonly cors: Cors;
  private readonly links: string[];
  private readonly events: EventStreams;
  private readonly tally = {
    opened: 0,
    ended: new Map<string, number>(),
    refused: new Map<number, number>(),
  };
  private closed = false;

  constructor(private readonly options: FrontDoorOptions) {
    const { maxSessions, clock, allowance, corsOrigins, iceServers } = options;
    const limits = { ...kAllowance, maxSessions, ...allowance };
    this.allowance = new Allowance(limits, () => clock.now());
    this.cors = new Cors(corsOrigins);
    this.links = iceLinks(iceServers);
    this.events = new EventStreams({ clock, viewersOf: (session) => this.viewersOf(session) });
  }

  counts(): WhipCounts {
    const live = [...this.sessions.values()].filter((session) => session.live);
    return {
      ...this.events.counts(),
      publishing: live.filter(({ kind }) => kind === 'publish').length,
      watching: live.filter(({ kind }) => kind === 'watch').length,
      opened: this.tally.opened,
      ended: Object.fromEntries(this.tally.ended),
      refused: Object.fromEntries(this.tally.refused),
    };
  }

  // Who watches in a room.
  viewers(room: string): Viewer[] {
    return [...this.sessions.values()].flatMap((session) => {
      const { watched, name, publicId: id, live: connected, openedAt: since } = session;
      if (session.room !== room || !watched) return [];
      const { participant, source } = watched;
      return [{ id, name, participant, source, connected, since }];
    });
  }

  // False if there is no such viewer. They may come again, as anybody may.
  removeViewer(room: string, id: string): boolean {
    const found = [...this.sessions.values()].find(
      (session) => session.publicId === id && session.room === room && session.watched,
    );
    found?.end('removed by a moderator');
    return found !== undefined;
  }

  // Never rejects.
  async handle(request: WhipRequest): Promise<WhipResponse> {
    let response: WhipResponse;
    try {
      response = await this.answer(request);
    } catch (error) {
      response = problemResponse(this.problemOf(request, error));
    }
    const { origin } = request.headers;
    const headers = {
      'Cache-Control': 'no-store',
      ...this.cors.headers(origin),
      ...response.headers,
    };
    const body = request.method === 'HEAD' ? null : response.body;
    return { ...response, headers, body };
  }

  // Ends every session; nothing opens any more.
  close(): void {
    this.closed = true;
    for (const session of [...this.sessions.values()]) session.end('the server is closing');
  }

  private async answer(request: WhipRequest): Promise<WhipResponse> {
    this.allowance.takeRequest(request.address);
    const resource = parseResource(request.path);
    if (!resource) throw problem(404, 'There is nothing at this address.');
    return isSession(resource)
      ? this.answerSession(request, resource)
      : this.answerEndpoint(request, resource);
  }

  private async answerEndpoint(request: WhipRequest, endpoint: Endpoint): Promise<WhipResponse> {
    switch (request.method) {
      case 'POST':
        return this.openSession(request, endpoint);
      case 'GET':
      case 'HEAD':
        return { status: 204, headers: { 'Accept-Post': kSdp }, body: null };
      case 'OPTIONS': {
        const links = (await this.mayLearnServers(request, endpoint)) ? linkField(this.links) : {};
        return this.optionsOf(kEndpointMethods, { 'Accept-Post': kSdp, ...links });
      }
      default:
        throw problem(405, `Here one may ${kEndpointMethods}.`, {
          Allow: kEndpointMethods,
        });
    }
  }

  private async answerSession(
    request: WhipRequest,
    resource: SessionResource,
  ): Promise<WhipResponse> {
    const { method, headers } = request;
    const { part } = resource;
    const methods = methodsOf(resource);
    // A preflight has no credentials, and tells nothing of what is there.
    if (method === 'OPTIONS') {
      return this.optionsOf(methods, acceptOf(resource));
    }
    if (!methods.split(', ').includes(method)) {
      throw problem(405, `Here one may ${methods}.`, { Allow: methods });
    }
    const session = this.sessions.get(resource.session);
    if (!session || session.kind !== resource.kind || session.room !== resource.room) {
      throw problem(404, 'There is no such session, or it is over.');
    }
    await this.requireOwner(session, bearerToken(headers));
    if (part !== null) return answerExtension(request, { session, resource, events: this.events });
    if (method === 'PATCH') return this.patch(request, session);
    if (method === 'DELETE') {
      // RFC 9725 §4.3.1: an entity-tag says nothing here.
      session.end('deleted');
      return { status: 200, headers: {}, body: null };
    }
    return { status: 204, headers: { ETag: session.etag, 'Accept-Patch': kFragment }, body: null };
  }

  // RFC 9725 §4.6: none in a preflight, which is the browser's and has no token. Where tokens are asked for
  // the credentials of a TURN server are for those who have one, or they would be everybody's.
  private async mayLearnServers({ headers }: WhipRequest, endpoint: Endpoint): Promise<boolean> {
    if (headers['access-control-request-method'] !== undefined) return false;
    const { checkToken } = this.options;
    if (!checkToken) return true;
    const token = bearerToken(headers);
    if (token === undefined) return false;
    await checkToken(endpoint, token);
    return true;
  }

  // Throws 401 for no token or one that is worth nothing, 403 for somebody else's.
  private async requireOwner(session: WhipSession, token: string | undefined): Promise<void> {
    const { checkToken } = this.options;
    if (!checkToken || session.isOwner(token)) return;
    if (token === undefined) throw tokenNeeded();
    const { kind, room } = session;
    await checkToken({ kind, room, participant: null, source: 'camera' }, token);
    throw problem(403, 'This session was opened with another token.');
  }

  private optionsOf(methods: string, headers: ResponseHeaders): WhipResponse {
    return {
      // RFC 9725 §4.2 has 200.
      status: 200,
      headers: { Allow: methods, ...headers, ...this.cors.preflight(methods) },
      body: null,
    };
  }

  private async openSession(request: WhipRequest, endpoint: Endpoint): Promise<WhipResponse> {
    const { headers, query, address } = request;
    const { checkToken, open, clock } = this.options;
    if (this.closed) throw problem(503, 'The server is closing.');
    requireType(headers, kSdp);
    requireAcceptable(headers.accept);
    const token = bearerToken(headers);
    if (checkToken && token === undefined) throw tokenNeeded();
    const pass = (await checkToken?.(endpoint, token)) ?? { name: null, validForMs: null };
    const checkedAt = clock.now();
    const giveBack = this.allowance.takeSession(address);
    const name = tidyName(pass.name ?? query.get('name') ?? '') || null;
    const session = new WhipSession({
      ...{ kind: endpoint.kind, room: endpoint.room, name, clock },
      token: checkToken ? token : undefined,
      onEnd: (over, reason) => {
        giveBack();
        this.forget(over, reason);
      },
    });
    try {
      const offer = await request.body();
      if (offer.trim() === '') throw problem(400, 'The body is empty.');
      // Known before it is opened, so that a server that closes meanwhile ends it.
      this.sessions.set(session.id, session);
      const { media, answer } = await open({ endpoint, name, offer, token }, session);
      const left = pass.validForMs === null ? null : pass.validForMs - (clock.now() - checkedAt);
      session.begin(media, left);
      if (session.over) throw problem(503, 'The session ended before it began.');
      this.tally.opened += 1;
      const { kind, room, participant } = endpoint;
      this.options.log.info('a WHIP session opened', { kind, room, participant });
      return { status: 201, headers: this.createdHeaders(session), body: answer };
    } catch (error) {
      session.end('not opened');
      throw error;
    }
  }

  private createdHeaders(session: WhipSession): ResponseHeaders {
    const { id, kind, room, etag } = session;
    const path = sessionPath({ kind, room, session: id, part: null, stream: null });
    return {
      'Content-Type': kSdp,
      Location: path,
      ETag: etag,
      'Accept-Patch': kFragment,
      ...linkField([...this.links, ...extensionLinks(path, session.watched)]),
    };
  }

  private async patch(request: WhipRequest, session: WhipSession): Promise<WhipResponse> {
    const { headers } = request;
    requireType(headers, kFragment);
    // Before the body is read, and again when its turn has come.
    if (headers['if-match'] === undefined) requireMatch(undefined, session.etag);
    const fragment = parseFragment(await request.body());
    return session.inTurn(async (media): Promise<WhipResponse> => {
      requireMatch(headers['if-match'], session.etag);
      const own = await media.takeFragment(fragment);
      if (own === null) return { status: 204, headers: {}, body: null };
      session.renewTag();
      return { status: 200, headers: { 'Content-Type': kFragment, ETag: session.etag }, body: own };
    });
  }

  private viewersOf({ watched }: WhipSession): number {
    const same = [...this.sessions.values()].filter(
      (other) =>
        other.live &&
        other.watched?.participant === watched?.participant &&
        other.watched?.source === watched?.source,
    );
    return same.length;
  }

  private forget(session: WhipSession, reason: string): void {
    const known = this.sessions.delete(session.id);
    this.events.endOf(session, reason);
    if (!known || reason === 'not opened') return;
    const { ended } = this.tally;
    ended.set(reason, (ended.get(reason) ?? 0) + 1);
    const { kind, room } = session;
    this.options.log.info('a WHIP session ended', { kind, room, reason });
  }

  private problemOf(request: WhipRequest, error: unknown): Problem {
    const known = error instanceof Problem || error instanceof Refusal ? problemOf(error) : null;
    const { log } = this.options;
    const { method, path } = request;
    const status = known?.status ?? 500;
    this.tally.refused.set(status, (this.tally.refused.get(status) ?? 0) + 1);
    if (known) {
      log.debug('a WHIP request was refused', { method, path: withoutId(path), status });
      return known;
    }
    // The engine's own words may speak of ports and paths; the log has them, the client does not.
    log.warn('a WHIP request failed', { method, reason: reasonOf(error) });
    return problem(500, 'The server could not do this; its log says why.');
  }
}

// Who knows the id of a session may do with it what its owner may, where no tokens are asked for.
function withoutId(path: string): string {
  return path.replace(/\/(~|%7e).*/i, '/~…').slice(0, 200);
}

function methodsOf({ part, stream }: SessionResource): string {
  if (part === null) return kSessionMethods;
  return kExtensionMethods[stream === null ? part : 'stream'];
}

function acceptOf({ part, stream }: SessionResource): ResponseHeaders {
  if (part === null) return { 'Accept-Patch': kFragment };
  return stream === null ? { 'Accept-Post': kJson } : {};
}
