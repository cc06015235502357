// Why a request was not done, as problem details (RFC 9457): a sentence for a person, and what a
// program can act on in the header.

import { STATUS_CODES } from 'node:http';

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(detail);
  }
}

// With the title that RFC 9110 gives the status.
export function problem(
  status: number,
  detail: string,
  headers: Record<string, string> = {},
): Problem {
  return new Problem(status, STATUS_CODES[status] ?? 'Error', detail, headers);
}

// With the seconds after which it is worth trying again (RFC 9110 §10.2.3).
export function tryLater(status: 409 | 429 | 503, seconds: number, detail: string): Problem {
  return problem(status, detail, { 'Retry-After': String(seconds) });
}

export function problemText({ status, title, detail }: Problem): string {
  return `${JSON.stringify({ type: 'about:blank', title, status, detail })}\n`;
}
