// The near end of the control socket.

import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { kMaxControlLine } from '../protocol/control';
import type {
  ControlEventName,
  ControlEvents,
  ControlFrame,
  ControlMethod,
  ControlMethods,
} from '../protocol/control';
import { LineReader } from '../protocol/lines';

// A whole room of streams fits in, and nothing that would hurt.
const kMaxAnswer = 64 * kMaxControlLine;

export class ControlRefusal extends Error {}

export type ControlListener = <E extends ControlEventName>(
  event: E,
  data: ControlEvents[E],
) => void;

interface Waiting {
  resolve(data: never): void;
  reject(error: Error): void;
}

export class ControlClient {
  private readonly waiting = new Map<number, Waiting>();
  private readonly reader = new LineReader(kMaxAnswer);
  private nextId = 1;
  private listener: ControlListener = () => {};
  // Resolves when the server is gone, or close() was called.
  readonly closed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (bytes) => this.read(bytes));
    socket.on('close', () => {
      for (const { reject } of this.waiting.values())
        reject(new ControlRefusal('the server is gone'));
      this.waiting.clear();
    });
  }

  static connect(path: string): Promise<ControlClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new ControlClient(socket));
      });
    });
  }

  listen(listener: ControlListener): void {
    this.listener = listener;
  }

  request<M extends ControlMethod>(
    method: M,
    data: ControlMethods[M]['data'],
  ): Promise<ControlMethods[M]['answer']> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new ControlRefusal('the server is gone'));
      this.waiting.set(id, { resolve, reject });
      this.socket.write(`${JSON.stringify({ id, method, data })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private read(bytes: Buffer): void {
    const lines = this.reader.read(bytes);
    if (lines === null) return void this.socket.destroy();
    for (const line of lines) this.take(JSON.parse(line) as ControlFrame);
  }

  private take(frame: ControlFrame): void {
    if ('event' in frame) return this.listener(frame.event, frame.data as never);
    const waiting = this.waiting.get(frame.id);
    this.waiting.delete(frame.id);
    if (frame.ok) waiting?.resolve(frame.data as never);
    else waiting?.reject(new ControlRefusal(frame.error.message));
  }
}
