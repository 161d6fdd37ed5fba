import { constants } from 'node:os';
import { getSystemErrorMessage } from 'node:util';
import { TsstackError } from '../../../src/model/errors.ts';

/** A native program cannot be started: it is not there, may not be executed, or is none. */
export class ProgramError extends TsstackError {
  /** `errno` is a name such as `ENOENT`. */
  constructor(program: string, errno: string, cause: unknown) {
    const number = new Map<string, number>(Object.entries(constants.errno)).get(errno);
    const reason = number === undefined ? String(cause) : getSystemErrorMessage(-number);
    super('unavailable', `run ${program}: ${reason} (${errno})`, {
      cause,
      hint: 'run `./setup` in the folder of tsstack: it builds the native programs',
    });
  }
}
