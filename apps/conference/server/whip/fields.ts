// Header fields that this door reads and writes.

import type { IncomingHttpHeaders } from 'node:http';

import { problem } from '../http_problem';
import type { IceServer } from '../option_values';
import type { ResponseHeaders } from './response';

export const kSdp = 'application/sdp';
export const kJson = 'application/json';
export const kFragment = 'application/trickle-ice-sdpfrag';

const kMaxToken = 4096;
const kMaxTags = 16;

// Throws 415 for a body of another kind, or one that is coded.
export function requireType(headers: IncomingHttpHeaders, type: string): void {
  const accept = { [type === kFragment ? 'Accept-Patch' : 'Accept-Post']: type };
  const [named] = (headers['content-type'] ?? '').split(';');
  if (named?.trim().toLowerCase() !== type) {
    throw problem(415, `The body must be of type ${type}.`, accept);
  }
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity') {
    throw problem(415, 'The body must not be compressed.', {
      ...accept,
      'Accept-Encoding': 'identity',
    });
  }
}

// Throws 406 for a client that could not read the answer (RFC 9110 §12.5.1).
export function requireAcceptable(accept: string | undefined): void {
  if (accept === undefined || accept.trim() === '') return;
  const able = accept.split(',').some((range) => {
    const [type, ...parameters] = range.toLowerCase().split(';');
    const refused = parameters.some((parameter) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(parameter));
    return !refused && [kSdp, 'application/*', '*/*'].includes(type?.trim() ?? '');
  });
  if (!able) throw problem(406, `The answer is of type ${kSdp}, which Accept leaves out.`);
}

// Undefined without any. Throws 400 for credentials of another scheme (RFC 6750 §2.1).
export function bearerToken({ authorization }: IncomingHttpHeaders): string | undefined {
  if (authorization === undefined) return undefined;
  const [, token] = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization) ?? [];
  if (token === undefined || token.length > kMaxToken) {
    throw problem(400, 'Authorization must be "Bearer" and a token.');
  }
  return token;
}

// Throws 428 without the field and 412 if it does not name `etag`. Comparison is strong, so a weak tag
// never matches (RFC 9110 §13.1.1).
export function requireMatch(ifMatch: string | undefined, etag: string): void {
  if (ifMatch === undefined || ifMatch.trim() === '') {
    throw problem(428, 'If-Match must name the ICE session: its ETag, or "*" to restart it.');
  }
  // RFC 9725 §4.3.3 writes the asterisk in quotes, RFC 9110 without: both are sent.
  const tags = ifMatch.split(',', kMaxTags).map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes('"*"') || tags.includes(etag)) return;
  throw problem(412, 'If-Match names another ICE session than the current one.');
}

// RFC 9725 §4.6: a Link for each ICE server, with the credentials of those that want them.
export function iceLinks(servers: readonly IceServer[]): string[] {
  const linkOf = ({ username, credential }: IceServer, uri: string) => {
    const link = `<${uri}>; rel="ice-server"`;
    if (username === undefined) return link;
    const secret = `credential=${quoted(credential ?? '')}; credential-type="password"`;
    return `${link}; username=${quoted(username)}; ${secret}`;
  };
  return servers.flatMap((server) => server.urls.map((uri) => linkOf(server, uri)));
}

export function linkField(links: string[]): ResponseHeaders {
  return links.length === 0 ? {} : { Link: links };
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
