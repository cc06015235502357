// What the conference refuses, in the words of HTTP.

import type { ErrorCode } from '../../protocol/messages';
import type { Refusal } from '../refusal';
import { Problem, problem, tryLater } from '../http_problem';

const kRetrySeconds = 5;
const kBusy: ErrorCode[] = ['room_full', 'rooms_full', 'server_full', 'unavailable', 'draining'];

export function problemOf(error: Problem | Refusal): Problem {
  if (error instanceof Problem) return error;
  const { code, message } = error;
  if (code === 'unauthorized') return unauthorized(message);
  if (kBusy.includes(code)) return tryLater(503, kRetrySeconds, message);
  if (code === 'forbidden') return problem(403, message);
  if (code === 'not_found') return problem(404, message);
  if (code === 'too_many_requests') return tryLater(429, kRetrySeconds, message);
  return problem(422, message);
}

// RFC 6750 §3.
export function unauthorized(detail: string): Problem {
  const challenge = 'Bearer realm="sluice", error="invalid_token"';
  return problem(401, detail, { 'WWW-Authenticate': challenge });
}

// Of a request without any credentials, which are told of no fault (RFC 6750 §3.1).
export function tokenNeeded(): Problem {
  const detail = 'A token is needed: "Authorization: Bearer TOKEN".';
  return problem(401, detail, { 'WWW-Authenticate': 'Bearer realm="sluice"' });
}
