// Request bodies, as text, no longer than they may be.

import type { IncomingMessage } from 'node:http';

import { problem } from './http_problem';

// What is read away of a body that nobody wants, so that its sender reads the answer and the
// connection can go on. Beyond it the connection is cut.
const kMaxDiscardedBytes = 1024 * 1024;

// Rejects with 413 at the first byte that is too many, or before the first if its length is told, and
// with 400 for what is no UTF-8 or was cut short. What is left of it is for discardBody().
export function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const tooLarge = () => problem(413, `The body must have ${limit} bytes at most.`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const take = (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) return void chunks.push(chunk);
      request.off('data', take);
      chunks.length = 0;
      reject(tooLarge());
    };
    request.on('data', take);
    request.once('end', () => {
      try {
        resolve(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
      } catch {
        reject(problem(400, 'The body is not UTF-8.'));
      }
    });
    request.once('close', () => reject(problem(400, 'The body ended early.')));
    request.once('error', () => reject(problem(400, 'The body ended early.')));
  });
}

// Reads away what is left. How long that may take is the server's requestTimeout.
export function discardBody(request: IncomingMessage, limit = kMaxDiscardedBytes): void {
  if (request.complete) return;
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > limit) request.destroy();
  });
  request.on('error', () => undefined);
  request.resume();
}
