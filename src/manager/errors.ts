import { TsstackError, type TsstackErrorOptions } from '../model/errors.ts';

/** The request asks for something that is wrong in itself; nothing was done. */
export class InvalidRequestError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('invalid', message, options);
  }
}

/** The request names something that does not exist. */
export class NotFoundError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('not-found', message, options);
  }
}

/** The request collides with what exists; nothing was done. */
export class ClaimedError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('conflict', message, options);
  }
}

/** A node was asked something, and is gone or did not answer in time. */
export class NodeSilentError extends TsstackError {
  constructor(place: string, cause?: unknown) {
    super('timeout', `node ${place} does not answer`, { retryable: true, cause });
  }
}
