import { TsstackError, type TsstackErrorOptions } from '../../model/errors.ts';
import type { ManagerContact } from '../leadership/leadership.ts';

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

/** The store cannot be reached, or too few of its members can; what was stored is not lost. */
export class StoreUnavailableError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('unavailable', message, { retryable: true, ...options });
  }
}

/** The store has no room, or what is to be written is larger than it takes. */
export class StoreFullError extends TsstackError {
  constructor(message: string, options: TsstackErrorOptions = {}) {
    super('exhausted', message, options);
  }
}

/** Another manager leads, so this one may not write. */
export class NotLeaderError extends TsstackError {
  constructor(leader: ManagerContact | null) {
    const who = leader === null ? 'no manager leads at the moment' : `the manager ${leader.name} leads by now`;
    const askInstead = leader === null ? {} : { askInstead: leader.address };
    super('unavailable', `write the store: ${who}`, { retryable: true, ...askInstead });
  }
}
