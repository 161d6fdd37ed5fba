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
