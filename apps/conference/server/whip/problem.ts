// Why a request was not done, as problem details (RFC 9457): a sentence for whoever reads the log of
// an encoder, and what a client can act on in the header.

import { STATUS_CODES } from 'node:http';

export type ResponseHeaders = Record<string, string | string[]>;

export interface WhipResponse {
  status: number;
  headers: ResponseHeaders;
  // Null for none.
  body: string | null;
}

export class HttpProblem extends Error {
  constructor(
    readonly status: number,
    // One sentence.
    detail: string,
    readonly headers: ResponseHeaders = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
  }

  response(): WhipResponse {
    const title = STATUS_CODES[this.status] ?? 'Error';
    const body = { type: 'about:blank', title, status: this.status, detail: this.message };
    return {
      status: this.status,
      headers: { 'Content-Type': 'application/problem+json', ...this.headers },
      body: `${JSON.stringify(body)}\n`,
    };
  }
}

// Seconds, as RFC 9110 §10.2.3 has them.
export function tryLater(status: 409 | 429 | 503, seconds: number, detail: string): HttpProblem {
  return new HttpProblem(status, detail, { 'Retry-After': String(seconds) });
}
