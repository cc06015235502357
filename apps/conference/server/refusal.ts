// A request that cannot be granted: a code for the page, one sentence for the person.

import type { ErrorCode } from '../protocol/messages';

export class Refusal extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    this.name = 'Refusal';
  }
}
