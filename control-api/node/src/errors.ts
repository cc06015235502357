// What can go wrong, as classes that an application can tell apart. Wrong arguments are plain
// TypeErrors, as everywhere in JavaScript.
import { ResultCode } from './generated/schema.js';

/** Everything that the SDK or the worker refuses, except for wrong arguments. */
export class SluiceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** The object is closed, or not in a state in which this can be done. */
export class InvalidStateError extends SluiceError {}

/** A codec, a feature or a method that this router or this worker does not have. */
export class UnsupportedError extends SluiceError {}

/** No object has this id (any more). */
export class NotFoundError extends SluiceError {}

/** The worker did not answer in time. */
export class TimeoutError extends SluiceError {}

/** A bound was reached: ports, objects, requests under way. */
export class ResourceExhaustedError extends SluiceError {}

/** The worker failed, or could not be started. */
export class WorkerError extends SluiceError {}

/** The error for a response with `code`, which is not Ok. */
export function errorOfResponse(code: ResultCode, message: string): Error {
  switch (code) {
    case ResultCode.InvalidArgument:
      return new TypeError(message);
    case ResultCode.NotFound:
      return new NotFoundError(message);
    case ResultCode.AlreadyExists:
    case ResultCode.FailedPrecondition:
      return new InvalidStateError(message);
    case ResultCode.Unimplemented:
      return new UnsupportedError(message);
    case ResultCode.ResourceExhausted:
      return new ResourceExhaustedError(message);
    default:
      return new WorkerError(message);
  }
}
