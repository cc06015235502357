// What an address of this server is made of, and the small things that all of them need: errors,
// bodies with a bound, and secrets that tell nothing by the time they take.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { problemText } from './http_problem';
import type { Problem } from './http_problem';

export { discardBody, readBody } from './http_body';
export { Problem } from './http_problem';

export interface Route {
  // The whole path, or the beginning of one if it ends in "/".
  path: string;
  // Of these HEAD goes with GET. OPTIONS only where it is named. 'any' if it says 405 by itself.
  methods: readonly string[] | 'any';
  // `path` has no query. What is thrown is logged and answered with 500; a Problem as it says.
  handle(request: IncomingMessage, response: ServerResponse, path: string): void | Promise<void>;
}

export function answerProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) return void response.destroy();
  const { status, headers } = problem;
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(problemText(problem));
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

// RFC 6750 §2.1; null if there is none.
export function bearerOf(request: IncomingMessage): string | null {
  const match = /^Bearer +([\w.~+/-]+=*) *$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

// Compares digests, which are of equal length, so that the time tells neither length nor beginning.
export function isOneOf(secrets: readonly string[], given: string | null): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const theirs = digest(given ?? '');
  let found = false;
  for (const secret of secrets) if (timingSafeEqual(digest(secret), theirs)) found = true;
  return found && given !== null;
}
