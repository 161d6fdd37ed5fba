import { TsstackError, type TsstackErrorOptions } from '../../model/errors.ts';

/** The store cannot be opened, read or written. */
export class StoreError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('internal', message, options);
  }
}

/** Somebody else changed an object meanwhile; a repeated call sees the new state. */
export class StoreConflictError extends TsstackError {
  constructor(kind: string, id: string, expected: number, found: number) {
    super('conflict', `write ${kind} ${id}: it has version ${found}, not ${expected}`, { retryable: true });
  }
}
