// What the front door answers, before it is put on a socket.

import { problemText } from '../http_problem';
import type { Problem } from '../http_problem';
import type { EventSink } from './event_streams';

export type ResponseHeaders = Record<string, string | string[]>;

export interface WhipResponse {
  status: number;
  headers: ResponseHeaders;
  // Null for none.
  body: string | null;
  // In the place of a body: takes the connection, which stays open until one side ends it.
  stream?: (sink: EventSink) => void;
}

export function problemResponse(problem: Problem): WhipResponse {
  const headers = { 'Content-Type': 'application/problem+json', ...problem.headers };
  return { status: problem.status, headers, body: problemText(problem) };
}
