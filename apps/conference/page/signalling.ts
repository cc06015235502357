// One WebSocket to the room server: requests with answers, events, and noticing that it is dead.
//
// It does not reconnect; call.ts does, by making a new one. Once closed it stays closed, and every
// request that waits fails.

import type {
  AnswerFrame,
  ErrorCode,
  EventName,
  Events,
  Method,
  Methods,
} from '../protocol/messages';

const kRequestTimeoutMs = 10_000;
const kPingEveryMs = 10_000;
const kPingTimeoutMs = 5_000;
// When something else has broken already: two repetitions of a lost segment, and some more.
const kProbeTimeoutMs = 2_000;
const kConnectTimeoutMs = 8_000;

// What the page uses itself for "no answer came", beside the codes of RFC 6455 §7.4.1.
const kAbnormal = 1006;

export class RequestError extends Error {
  constructor(
    readonly code: ErrorCode | 'closed' | 'timeout',
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

export interface SignallingListener {
  event<E extends EventName>(event: E, data: Events[E]): void;
  closed(code: number): void;
}

interface Waiting {
  resolve(data: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Signalling {
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private isClosed = false;
  private readonly pinger: ReturnType<typeof setInterval>;

  private constructor(
    private readonly socket: WebSocket,
    private readonly listener: SignallingListener,
  ) {
    socket.onmessage = (message) => this.receive(String(message.data));
    socket.onclose = (event) => this.end(event.code);
    this.pinger = setInterval(() => void this.ping(), kPingEveryMs);
  }

  static open(
    url: string,
    listener: SignallingListener,
    WebSocketClass: typeof WebSocket = WebSocket,
  ): Promise<Signalling> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocketClass(url);
      const fail = () => {
        clearTimeout(timer);
        socket.onopen = socket.onclose = null;
        socket.close();
        reject(new RequestError('closed', 'The server cannot be reached.'));
      };
      const timer = setTimeout(fail, kConnectTimeoutMs);
      socket.onclose = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        resolve(new Signalling(socket, listener));
      };
    });
  }

  get closed(): boolean {
    return this.isClosed;
  }

  request<M extends Method>(
    method: M,
    data: Methods[M]['data'],
    timeoutMs = kRequestTimeoutMs,
  ): Promise<Methods[M]['answer']> {
    if (this.isClosed) {
      return Promise.reject(new RequestError('closed', 'The connection is closed.'));
    }
    const id = this.nextId++;
    return new Promise<Methods[M]['answer']>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new RequestError('timeout', `The server did not answer (${method}).`));
      }, timeoutMs);
      const take = resolve as (data: unknown) => void;
      this.waiting.set(id, { resolve: take, reject, timer });
      this.socket.send(JSON.stringify({ id, method, data }));
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.socket.close(1000);
    this.end(1000);
  }

  // Asks for a sign of life now; without one the connection is soon taken for lost.
  probe(): void {
    void this.ping(kProbeTimeoutMs);
  }

  private async ping(timeoutMs = kPingTimeoutMs): Promise<void> {
    try {
      await this.request('ping', {}, timeoutMs);
    } catch {
      // Half-open: the network may hold the socket for minutes before it says so.
      if (this.isClosed) return;
      this.socket.close();
      this.end(kAbnormal);
    }
  }

  private receive(text: string): void {
    if (this.isClosed) return;
    const frame = JSON.parse(text) as AnswerFrame | { event: EventName; data: never };
    if ('event' in frame) return this.listener.event(frame.event, frame.data);
    const waiting = this.waiting.get(frame.id);
    if (!waiting) return; // It had timed out.
    this.waiting.delete(frame.id);
    clearTimeout(waiting.timer);
    if (frame.ok) waiting.resolve(frame.data);
    else waiting.reject(new RequestError(frame.error.code, frame.error.message));
  }

  private end(code: number): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearInterval(this.pinger);
    this.socket.onmessage = this.socket.onclose = null;
    for (const { reject, timer } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new RequestError('closed', 'The connection was lost.'));
    }
    this.waiting.clear();
    this.listener.closed(code);
  }
}
