// What the conference refuses, in the words of HTTP.

import type { ErrorCode } from '../../protocol/messages';
import type { Refusal } from '../refusal';
import { HttpProblem, tryLater } from './problem';

const kRetrySeconds = 5;
const kBusy: ErrorCode[] = ['room_full', 'rooms_full', 'server_full', 'unavailable'];

export function problemOf(error: HttpProblem | Refusal): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const { code, message } = error;
  if (code === 'unauthorized') return unauthorized(message);
  if (kBusy.includes(code)) return tryLater(503, kRetrySeconds, message);
  if (code === 'not_found') return new HttpProblem(404, message);
  if (code === 'too_many_requests') return tryLater(429, kRetrySeconds, message);
  return new HttpProblem(422, message);
}

// RFC 6750 §3.
export function unauthorized(detail: string): HttpProblem {
  const challenge = 'Bearer realm="sluice", error="invalid_token"';
  return new HttpProblem(401, detail, { 'WWW-Authenticate': challenge });
}

// Of a request without any credentials, which are told of no fault (RFC 6750 §3.1).
export function tokenNeeded(): HttpProblem {
  const detail = 'A token is needed: "Authorization: Bearer TOKEN".';
  return new HttpProblem(401, detail, { 'WWW-Authenticate': 'Bearer realm="sluice"' });
}
