// From the HTTP server to the front door and back.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { discardBody, readBody } from '../http_body';
import type { WhipFrontDoor } from './front_door';
import type { WhipResponse } from './response';

// The longest offers of browsers, with every codec twice, have some 12 KiB.
export const kMaxBodyBytes = 64 * 1024;

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
    body: () => readBody(request, kMaxBodyBytes),
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
