// Requests as frames, out of one builder that is used again and again.
import { Builder } from 'flatbuffers';

import {
  Message,
  MessageBody,
  Request,
  type RequestBody,
  type RequestT,
} from '../generated/schema.js';
import { frameOf } from './frame.js';

const initialBytes = 1024;
/** A builder that has grown beyond, for one large message, is not kept. */
const keptBytes = 64 * 1024;

export class RequestPacker {
  #builder = new Builder(initialBytes);

  /** Throws a TypeError if it exceeds the limit of a frame, and what `body` throws. */
  pack(
    id: number,
    target: string | undefined,
    method: RequestBody,
    body: NonNullable<RequestT['body']>,
  ): Buffer {
    const builder = this.#builder;
    builder.clear();
    try {
      const targetOffset = target === undefined ? 0 : builder.createString(target);
      const bodyOffset = builder.createObjectOffset(body);
      const request = Request.createRequest(builder, id, targetOffset, method, bodyOffset);
      Message.finishMessageBuffer(
        builder,
        Message.createMessage(builder, MessageBody.Request, request),
      );
      return frameOf(builder.asUint8Array());
    } finally {
      if (builder.dataBuffer().capacity() > keptBytes) this.#builder = new Builder(initialBytes);
    }
  }
}
