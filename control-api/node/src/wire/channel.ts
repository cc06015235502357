// Requests to a worker and news from it, over two streams.
//
// The channel never leaves a promise behind: each request ends with its answer, with a timeout, or
// with the end of the channel. What waits is bounded: requests under way by their number, bytes
// that the worker has not taken yet by their sum.
import { Builder, ByteBuffer, type Offset } from 'flatbuffers';
import type { Readable, Writable } from 'node:stream';

import {
  errorOfResponse,
  InvalidStateError,
  ResourceExhaustedError,
  TimeoutError,
  WorkerError,
} from '../errors.js';
import {
  CloseT,
  Message,
  MessageBody,
  MessageT,
  NotificationT,
  RequestBody,
  RequestT,
  ResponseT,
  ResultCode,
} from '../generated/schema.js';
import { Logger } from '../logger.js';
import { FrameReader, frameOf } from './frame.js';

const logger = new Logger('Channel');

/** A worker that is this far behind is not coming back by itself. */
export const maxPendingRequests = 4096;
export const maxWaitingBytes = 16 * 1024 * 1024;
const maxRequestId = 0xffffffff;
/** How long the exit of the process may lag behind the end of its stream. */
const endDelay = 500;

export type RequestBodyT = NonNullable<RequestT['body']>;
export type Answer = NonNullable<ResponseT['body']>;
export type NotificationListener = (notification: NotificationT) => void;

export interface Call<Result> {
  method: RequestBody;
  target?: string;
  body: RequestBodyT;
  /** Runs at once when the answer arrives, before any message behind it is looked at. */
  apply: (answer: Answer) => Result;
  /**
   * Runs instead of `apply` if the worker grants the request after the caller was told of a
   * timeout.
   */
  applyLate?: (answer: Answer) => void;
}

interface Pending {
  name: string;
  timer: NodeJS.Timeout | undefined;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
  late: ((answer: Answer) => void) | undefined;
}

export class Channel {
  readonly #output: Writable;
  readonly #requestTimeout: number;
  readonly #reader = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, NotificationListener>();
  readonly #onFailure: (error: Error) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #blocked = false;
  #lastId = 0;
  #endTimer: NodeJS.Timeout | undefined;
  #closed: Error | undefined;

  /**
   * `onFailure` is called once if the streams break or carry nonsense; the channel is closed then.
   */
  constructor(
    input: Readable,
    output: Writable,
    requestTimeout: number,
    onFailure: (error: Error) => void,
  ) {
    this.#output = output;
    this.#requestTimeout = requestTimeout;
    this.#onFailure = onFailure;
    input.on('data', (chunk: Buffer) => this.#receive(chunk));
    input.on('error', (error) =>
      this.#fail(new WorkerError(`reading from the worker failed: ${error.message}`)),
    );
    // A dying worker ends its stream first. One that closes it and lives on has to be told.
    input.on('end', () => {
      this.#endTimer = setTimeout(
        () => this.#fail(new WorkerError('the worker closed its channel')),
        endDelay,
      );
    });
    output.on('error', (error) =>
      this.#fail(new WorkerError(`writing to the worker failed: ${error.message}`)),
    );
    output.on('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Asks the worker. Rejects with one of errors.ts, or with a TypeError for a wrong argument. */
  call<Result>(call: Call<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const id = this.#nextId();
      const name = RequestBody[call.method] ?? String(call.method);
      this.#send(id, call, name);
      this.#pending.set(id, {
        name,
        timer: this.#startTimer(id),
        resolve: (answer) => {
          try {
            resolve(call.apply(answer));
          } catch (error) {
            reject(error);
          }
        },
        reject,
        late: call.applyLate,
      });
    });
  }

  /** Closes `target` in the worker, for objects that are gone here already. Never fails. */
  close(target: string): void {
    if (this.#closed) return;
    this.call({
      method: RequestBody.Close,
      target,
      body: new CloseT(),
      apply: () => undefined,
    }).catch((error: Error) => logger.debug(`closing ${target} failed: ${error.message}`));
  }

  /** `target` '' stands for the worker. One listener per object. */
  listen(target: string, listener: NotificationListener): void {
    this.#listeners.set(target, listener);
  }

  unlisten(target: string): void {
    this.#listeners.delete(target);
  }

  /** Rejects what is under way with `reason` and everything from now on. */
  shutDown(reason: Error): void {
    if (this.#closed) return;
    this.#closed = reason;
    clearTimeout(this.#endTimer);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#listeners.clear();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { timer, reject } of pending) {
      clearTimeout(timer);
      reject(reason);
    }
  }

  #nextId(): number {
    if (this.#closed) throw new InvalidStateError(this.#closed.message);
    if (this.#pending.size >= maxPendingRequests) {
      throw new ResourceExhaustedError(`${maxPendingRequests} requests are under way already`);
    }
    do {
      this.#lastId = this.#lastId >= maxRequestId ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #send(id: number, { method, target, body }: Call<unknown>, name: string): void {
    const builder = new Builder(512);
    const request = new RequestT(id, target ?? null, method, body);
    const message: Offset = new MessageT(MessageBody.Request, request).pack(builder);
    Message.finishMessageBuffer(builder, message);
    const frame = frameOf(builder.asUint8Array());
    if (this.#waitingBytes + frame.length > maxWaitingBytes) {
      throw new ResourceExhaustedError(
        `the worker does not take requests: ${name} does not fit into the queue`,
      );
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    this.#flush();
  }

  #flush(): void {
    while (!this.#blocked && !this.#closed) {
      const frame = this.#waiting.shift();
      if (!frame) return;
      this.#waitingBytes -= frame.length;
      this.#blocked = !this.#output.write(frame);
    }
  }

  #startTimer(id: number): NodeJS.Timeout | undefined {
    if (this.#requestTimeout <= 0) return undefined;
    return setTimeout(() => this.#expire(id), this.#requestTimeout);
  }

  // The entry stays, without its promise: an answer may still come, and then the two sides must not
  // believe different things.
  #expire(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    const { name, reject, late } = pending;
    pending.resolve = (answer) => late?.(answer);
    pending.reject = () => undefined;
    reject(new TimeoutError(`the worker did not answer ${name} within ${this.#requestTimeout} ms`));
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const frame of this.#reader.push(chunk)) this.#dispatch(frame);
    } catch (error) {
      this.#fail(new WorkerError(`the worker sent nonsense: ${(error as Error).message}`));
    }
  }

  #dispatch(frame: Buffer): void {
    if (this.#closed) return;
    const message = Message.getRootAsMessage(new ByteBuffer(frame)).unpack();
    if (message.body instanceof ResponseT) this.#dispatchResponse(message.body);
    else if (message.body instanceof NotificationT) this.#dispatchNotification(message.body);
    else throw new RangeError('a message that is neither response nor notification');
  }

  #dispatchResponse(response: ResponseT): void {
    const pending = this.#pending.get(response.id);
    if (!pending) {
      logger.warn(
        `an answer to request ${response.id}, which nobody sent: ${String(response.message ?? '')}`,
      );
      return;
    }
    this.#pending.delete(response.id);
    clearTimeout(pending.timer);
    if (response.code !== ResultCode.Ok) {
      pending.reject(errorOfResponse(response.code, String(response.message ?? pending.name)));
    } else if (response.body === null) {
      pending.reject(
        new WorkerError(`the answer to ${pending.name} has no body that this SDK knows`),
      );
    } else {
      pending.resolve(response.body);
    }
  }

  #dispatchNotification(notification: NotificationT): void {
    // News of an object that was closed here a moment ago is normal.
    this.#listeners.get(String(notification.target ?? ''))?.(notification);
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.shutDown(error);
    this.#onFailure(error);
  }
}

/** `answer` as the type that the method promises. */
export function expectAnswer<T extends Answer>(
  answer: Answer,
  type: abstract new (...args: never[]) => T,
): T {
  if (answer instanceof type) return answer;
  throw new WorkerError(`the worker answered with another type than ${type.name}`);
}
