// From the HTTP server to the front door and back.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { discardBody, readBody } from '../http_body';
import type { EventSink } from './event_streams';
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
    body: (limit = kMaxBodyBytes) => readBody(request, limit),
  });
  discardBody(request);
  send(response, answer);
}

function send(response: ServerResponse, { status, headers, body, stream }: WhipResponse): void {
  if (response.destroyed) return;
  if (stream) {
    response.writeHead(status, headers);
    // Without a byte of the body some readers do not believe that it has begun.
    response.write(':\n\n');
    return stream(new ResponseSink(response));
  }
  const length = body === null ? 0 : Buffer.byteLength(body);
  // RFC 9110 §8.6: none with 204.
  const sized = status === 204 ? headers : { ...headers, 'Content-Length': String(length) };
  response.writeHead(status, sized);
  response.end(body ?? undefined);
}

// How long what was written last may take to leave for a reader that has stopped reading.
const kLeavingMs = 5000;

class ResponseSink implements EventSink {
  constructor(private readonly response: ServerResponse) {}

  get queuedBytes(): number {
    return this.response.writableLength;
  }

  write(text: string): void {
    if (!this.response.writableEnded) this.response.write(text);
  }

  end(): void {
    if (this.response.writableEnded) return;
    this.response.end();
    const { socket } = this.response;
    const cut = setTimeout(() => socket?.destroy(), kLeavingMs).unref();
    this.response.once('close', () => clearTimeout(cut));
  }

  onClose(listener: () => void): void {
    this.response.once('close', listener);
  }
}
