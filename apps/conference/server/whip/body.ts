// Request bodies, as text, no longer than they may be.

import type { IncomingMessage } from 'node:http';

import { HttpProblem } from './problem';

// The longest offers of browsers, with every codec twice, have some 12 KiB.
export const kMaxBodyBytes = 64 * 1024;
// What is read away of a body that nobody wants, so that its sender reads the answer and the
// connection can go on. Beyond it the connection is cut.
const kMaxDiscardedBytes = 1024 * 1024;

// Rejects with 413 at the first byte that is too many, or before the first if its length is told.
export function readBody(request: IncomingMessage, limit = kMaxBodyBytes): Promise<string> {
  const tooLarge = () => new HttpProblem(413, `The body must have ${limit} bytes at most.`);
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
        reject(new HttpProblem(400, 'The body is not UTF-8.'));
      }
    });
    request.once('close', () => reject(new HttpProblem(400, 'The body ended early.')));
    request.once('error', () => reject(new HttpProblem(400, 'The body ended early.')));
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
