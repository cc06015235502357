// Requests to a worker and news from it, over two streams.
//
// The channel never leaves a promise behind: each request ends with its answer, with a timeout, or
// with the end of the channel. What waits is bounded: requests under way by their number, bytes
// that the worker has not taken yet by their sum.
//
// Requests of one turn of the event loop leave in one write, and one timer serves them all: the
// timeout is the same for each, so that they expire in the order in which they were made. Of what
// comes only that is unpacked which somebody waits for.
import { ByteBuffer } from 'flatbuffers';
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
  Notification,
  NotificationBody,
  RequestBody,
  Response,
  ResultCode,
  type NotificationT,
  type RequestT,
  type ResponseT,
} from '../generated/schema.js';
import { Logger } from '../logger.js';
import { FrameReader } from './frame.js';
import { RequestPacker } from './request_packer.js';
import { RequestTimer } from './request_timer.js';
import { unpackAnswer, unpackNews } from './unpack.js';

const logger = new Logger('Channel');

/** A worker that is this far behind is not coming back by itself. */
export const maxPendingRequests = 4096;
export const maxWaitingBytes = 16 * 1024 * 1024;
/** What leaves in one write. A pipe takes 64 KiB at a time. */
const batchBytes = 64 * 1024;
const maxRequestId = 0xffffffff;
/** How long the exit of the process may lag behind the end of its stream. */
const endDelay = 500;

export type RequestBodyT = NonNullable<RequestT['body']>;
export type Answer = NonNullable<ResponseT['body']>;
export type NotificationListener = (notification: NotificationT) => void;
/** Gets the table of one kind of news as it lies in the frame, which is its own to keep. */
export type TableListener = (notification: Notification) => void;

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
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
  late: ((answer: Answer) => void) | undefined;
}

export class Channel {
  readonly #output: Writable;
  readonly #requestTimeout: number;
  readonly #reader = new FrameReader();
  readonly #packer = new RequestPacker();
  readonly #timer: RequestTimer;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Map<string, NotificationListener>();
  readonly #tableListeners = new Map<string, TableListener>();
  // Overwritten by each message.
  readonly #message = new Message();
  readonly #response = new Response();
  readonly #onFailure: (error: Error) => void;
  /** What close() was told and nobody has been asked yet. */
  readonly #toClose = new Set<string>();
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #willFlush = false;
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
    this.#timer = new RequestTimer(requestTimeout, (id) => this.#expire(id));
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
      this.#sendWaitingCloses();
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
      this.#timer.start(id);
      this.#pending.set(id, {
        name,
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

  /**
   * Closes `target` in the worker, for objects that are gone here already. Never fails: beyond the
   * bounds of what may be under way it waits, because what is never closed is there for ever.
   */
  close(target: string): void {
    if (this.#closed) return;
    if (this.#toClose.size > 0 || !this.#hasRoomToClose()) this.#toClose.add(target);
    else this.#sendClose(target);
  }

  // No more of them wait than there were objects. Half of the room is left for what is asked: who has
  // closed a large room may go on at once.
  #hasRoomToClose(): boolean {
    return this.#pending.size < maxPendingRequests / 2 && this.#waitingBytes < maxWaitingBytes / 2;
  }

  #sendWaitingCloses(): void {
    for (const target of this.#toClose) {
      if (this.#closed || !this.#hasRoomToClose()) return;
      this.#toClose.delete(target);
      this.#sendClose(target);
    }
  }

  #sendClose(target: string): void {
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

  /**
   * The same for one kind of news, which then does not reach the other listener. For what is large,
   * or of which only a part may be looked at.
   */
  listenToTable(target: string, type: NotificationBody, listener: TableListener): void {
    this.#tableListeners.set(tableKey(type, target), listener);
  }

  unlistenToTable(target: string, type: NotificationBody): void {
    this.#tableListeners.delete(tableKey(type, target));
  }

  /** Rejects what is under way with `reason` and everything from now on. */
  shutDown(reason: Error): void {
    if (this.#closed) return;
    this.#closed = reason;
    clearTimeout(this.#endTimer);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#toClose.clear();
    this.#listeners.clear();
    this.#tableListeners.clear();
    this.#timer.stop();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(reason);
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
    const frame = this.#packer.pack(id, target, method, body);
    if (this.#waitingBytes + frame.length > maxWaitingBytes) {
      throw new ResourceExhaustedError(
        `the worker does not take requests: ${name} does not fit into the queue`,
      );
    }
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    if (this.#waitingBytes >= batchBytes) this.#flush();
    else this.#flushSoon();
  }

  // Behind all that runs before the event loop waits again: promises as well.
  #flushSoon(): void {
    if (this.#willFlush || this.#blocked) return;
    this.#willFlush = true;
    process.nextTick(() => {
      this.#willFlush = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (!this.#blocked && !this.#closed && this.#waiting.length > 0) {
      this.#blocked = !this.#output.write(this.#takeBatch());
    }
  }

  #takeBatch(): Buffer {
    const first = this.#waiting[0] as Buffer;
    let count = 1;
    let bytes = first.length;
    for (; count < this.#waiting.length && bytes < batchBytes; count += 1)
      bytes += (this.#waiting[count] as Buffer).length;
    const batch = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    return count === 1 ? first : Buffer.concat(batch, bytes);
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
    const message = Message.getRootAsMessage(new ByteBuffer(frame), this.#message);
    const type = message.bodyType();
    if (type === MessageBody.Response) {
      this.#dispatchResponse(message.body(this.#response) as Response);
    } else if (type === MessageBody.Notification) {
      this.#dispatchNotification(message.body(new Notification()) as Notification);
    } else throw new RangeError('a message that is neither response nor notification');
  }

  #dispatchResponse(response: Response): void {
    const id = response.id();
    const pending = this.#pending.get(id);
    if (!pending) {
      logger.warn(`an answer to request ${id}, which nobody sent: ${response.message() ?? ''}`);
      return;
    }
    this.#pending.delete(id);
    this.#timer.end(id);
    if (this.#toClose.size > 0) this.#sendWaitingCloses();
    const code = response.code();
    if (code !== ResultCode.Ok) {
      pending.reject(errorOfResponse(code, response.message() ?? pending.name));
      return;
    }
    const answer = unpackAnswer(response);
    if (answer) pending.resolve(answer);
    else
      pending.reject(
        new WorkerError(`the answer to ${pending.name} has no body that this SDK knows`),
      );
  }

  #dispatchNotification(notification: Notification): void {
    const target = notification.target() ?? '';
    if (this.#tableListeners.size > 0) {
      const listener = this.#tableListeners.get(tableKey(notification.bodyType(), target));
      if (listener) return listener(notification);
    }
    // News of an object that was closed here a moment ago is normal.
    const listener = this.#listeners.get(target);
    if (listener) listener(unpackNews(notification, target));
  }

  #fail(error: Error): void {
    if (this.#closed) return;
    this.shutDown(error);
    this.#onFailure(error);
  }
}

const tableKey = (type: NotificationBody, target: string): string => `${type} ${target}`;

/** `answer` as the type that the method promises. */
export function expectAnswer<T extends Answer>(
  answer: Answer,
  type: abstract new (...args: never[]) => T,
): T {
  if (answer instanceof type) return answer;
  throw new WorkerError(`the worker answered with another type than ${type.name}`);
}
