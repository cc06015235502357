// Pages of other sites (Fetch §3.2). Which ones may use the door is an option; there are no cookies
// here, so that a page gains nothing by its user's presence: it needs a token as everybody else.

import type { ResponseHeaders } from './response';

// A day is more than browsers keep; ten minutes let a changed option be noticed.
const kMaxAgeSeconds = 600;
const kExposed = 'Location, ETag, Link, Retry-After, Accept-Post, Accept-Patch, Allow';

export class Cors {
  constructor(private readonly origins: readonly string[]) {}

  // Of every response.
  headers(origin: string | undefined): ResponseHeaders {
    if (this.origins.length === 0) return {};
    if (this.origins.includes('*')) {
      return { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': kExposed };
    }
    // The answer depends on the field also when it is not there.
    const vary = { Vary: 'Origin' };
    if (origin === undefined || !this.origins.includes(origin)) return vary;
    return {
      ...vary,
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': kExposed,
    };
  }

  // Of the response to a preflight.
  preflight(methods: string): ResponseHeaders {
    if (this.origins.length === 0) return {};
    return {
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, If-Match',
      'Access-Control-Max-Age': String(kMaxAgeSeconds),
    };
  }
}
