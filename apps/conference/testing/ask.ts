// A request and its response without a network between them.

import { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestListener } from 'node:http';
import { Socket } from 'node:net';

export interface Question {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface Answer {
  status: number;
  // As text: writeHead() keeps its own apart from those of setHeader(), the head has both.
  head: string;
  body: string;
  json: any;
}

export function ask(
  listener: RequestListener,
  url: string,
  { method = 'GET', headers = {}, body = '' }: Question = {},
): Promise<Answer> {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url, method, headers });
  if (body !== '') request.push(body);
  request.push(null);
  const response = new ServerResponse(request);
  return new Promise((resolve) => {
    response.end = ((data?: Buffer | string) => {
      const text = String(data ?? '');
      const head = String((response as unknown as { _header: string })._header);
      resolve({ status: response.statusCode, head, body: text, json: jsonOf(text) });
      return response;
    }) as typeof response.end;
    listener(request, response);
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
