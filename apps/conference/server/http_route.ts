// What an address of this server is made of, and the small things that all of them need: errors,
// bodies with a bound, and secrets that tell nothing by the time they take.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface Route {
  // The whole path, or the beginning of one if it ends in "/".
  path: string;
  // Of these HEAD goes with GET. OPTIONS only where it is named.
  methods: readonly string[];
  // `path` has no query. What is thrown is logged and answered with 500; a Problem as it says.
  handle(request: IncomingMessage, response: ServerResponse, path: string): void | Promise<void>;
}

// An answer that is an error, as RFC 9457 has it. `detail` is one sentence for a person.
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

export function answerProblem(response: ServerResponse, problem: Problem): void {
  if (response.headersSent) return void response.destroy();
  const { status, title, detail, headers } = problem;
  response.writeHead(status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(`${JSON.stringify({ type: 'about:blank', title, status, detail })}\n`);
}

export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

// The whole body as text. Rejects with 413 as soon as it is longer than `most` bytes; the rest is
// not read, and the connection ends with the answer.
export function readBody(request: IncomingMessage, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= most) return void chunks.push(chunk);
      request.removeAllListeners('data');
      request.pause();
      const headers = { Connection: 'close' };
      reject(new Problem(413, 'Content Too Large', `At most ${most} bytes are taken.`, headers));
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
    request.on('aborted', () => reject(new Problem(400, 'Bad Request', 'The body has no end.')));
  });
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
