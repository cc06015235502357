// From the HTTP server to the front door and back.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { discardBody, readBody } from './body';
import type { WhipFrontDoor } from './front_door';
import type { WhipResponse } from './problem';

export function isWhipPath(path: string): boolean {
  return path.startsWith('/whip/') || path.startsWith('/whep/');
}

// Answers one request. Never rejects.
export async function answerWhip(
  door: WhipFrontDoor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers, socket } = request;
  const [path = '/', query = ''] = url.split('?', 2);
  const answer = await door.handle({
    ...{ method, path, headers },
    query: new URLSearchParams(query),
    address: socket.remoteAddress ?? '',
    body: () => readBody(request),
  });
  discardBody(request);
  send(response, answer);
}

function send(response: ServerResponse, { status, headers, body }: WhipResponse): void {
  if (response.destroyed) return;
  const length = body === null ? 0 : Buffer.byteLength(body);
  // RFC 9110 §8.6: none with 204.
  const sized = status === 204 ? headers : { ...headers, 'Content-Length': String(length) };
  response.writeHead(status, sized);
  response.end(body ?? undefined);
}
