import { TsstackError } from '../model/errors.ts';

/** The command line itself is wrong: an unknown flag, a missing argument, a combination that makes no sense. */
export class UsageError extends TsstackError {
  constructor(message: string, hint?: string) {
    super('invalid', message, hint === undefined ? {} : { hint });
  }
}

/** Ends a command with an exit code when everything that had to be said has been said. */
export class ExitError extends TsstackError {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('canceled', `exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}
