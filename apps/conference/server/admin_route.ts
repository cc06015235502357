// The door of /admin: who comes in, how fast, and what of a body is believed.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { match } from './admin';
import type { AdminEndpoint, AdminParts } from './admin';
import type { Clock } from './clock';
import { answerJson, bearerOf, isOneOf, Problem, readBody } from './http_route';
import type { Route } from './http_route';
import { Refusal } from './refusal';
import { TokenBucket } from './token_bucket';
import type { TokenVerifier } from './tokens';

const kPath = '/admin/';
const kMaxBodyBytes = 4096;
// A script that lists all rooms and then each of them.
const kRequestsPerSecond = 50;
const kRequestBurst = 500;
// Of those who do not know the secret. They are slowed down, the others never are.
const kFailuresPerSecond = 1;
const kFailureBurst = 20;

export interface AdminDoor {
  parts: AdminParts;
  secrets: readonly string[];
  tokens: TokenVerifier | null;
  clock: Clock;
}

export function adminRoute({ parts, secrets, tokens, clock }: AdminDoor): Route {
  const bucket = () => new TokenBucket(kRequestsPerSecond, kRequestBurst, clock.now());
  // Moderators of rooms together have as much as the operator, and do not keep them out.
  const requests = { operator: bucket(), moderators: bucket() };
  const failures = new TokenBucket(kFailuresPerSecond, kFailureBurst, clock.now());

  async function admit(request: IncomingMessage, endpoint: AdminEndpoint, room: string) {
    const bearer = bearerOf(request);
    if (isOneOf(secrets, bearer)) return requests.operator;
    const failure = await whyNot(endpoint, bearer, room);
    if (failure === null) return requests.moderators;
    if (!failures.take(clock.now())) throw tooMany();
    throw failure;
  }

  async function whyNot(endpoint: AdminEndpoint, bearer: string | null, room: string) {
    const headers = { 'WWW-Authenticate': 'Bearer realm="sluice"' };
    const stranger = new Problem(401, 'Unauthorized', 'A bearer secret is needed.', headers);
    if (bearer === null || tokens === null) return stranger;
    if (endpoint.scope === null) return stranger;
    try {
      const { grants } = await tokens.verify(bearer, room);
      if (grants.admin) return null;
      return new Problem(403, 'Forbidden', 'This token does not grant admin.');
    } catch {
      return stranger;
    }
  }

  return {
    path: kPath,
    methods: 'any',
    async handle(request, response, path) {
      const found = match(
        request.method === 'HEAD' ? 'GET' : (request.method ?? ''),
        path.slice(kPath.length),
      );
      if (found === null) throw new Problem(404, 'Not Found', 'There is nothing at this address.');
      if ('allow' in found) {
        const sentence = `This address takes ${found.allow}.`;
        throw new Problem(405, 'Method Not Allowed', sentence, { Allow: found.allow });
      }
      const { endpoint, names } = found;
      const allowance = await admit(request, endpoint, names.room ?? '');
      if (!allowance.take(clock.now())) throw tooMany();
      await answer(response, parts, found, await bodyOf(request, endpoint));
    },
  };
}

function tooMany(): Problem {
  const headers = { 'Retry-After': '1' };
  return new Problem(429, 'Too Many Requests', 'Too many requests; wait a second.', headers);
}

async function answer(
  response: ServerResponse,
  parts: AdminParts,
  { endpoint, names }: { endpoint: AdminEndpoint; names: Record<string, string> },
  body: unknown,
): Promise<void> {
  try {
    answerJson(response, 200, await endpoint.run(parts, names, body as never));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.code === 'not_found') throw new Problem(404, 'Not Found', error.message);
    throw new Problem(409, 'Conflict', error.message);
  }
}

async function bodyOf(request: IncomingMessage, endpoint: AdminEndpoint): Promise<unknown> {
  const text = endpoint.method === 'GET' ? '' : await readBody(request, kMaxBodyBytes);
  const type = request.headers['content-type'] ?? '';
  if (text !== '' && !/^application\/json *(;|$)/i.test(type)) {
    throw new Problem(415, 'Unsupported Media Type', 'The body must be application/json.');
  }
  let json: unknown;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Problem(400, 'Bad Request', 'The body is not JSON.');
  }
  const checked = endpoint.body.safeParse(json);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const field = issue?.path.join('.') || 'body';
  throw new Problem(400, 'Bad Request', `${field}: ${issue?.message ?? 'makes no sense'}`);
}
