import { TsstackError } from '../../../src/model/errors.ts';

/** A port of the host cannot be published because something else has it. */
export class PortInUseError extends TsstackError {
  constructor(message: string, cause: unknown) {
    super('conflict', message, { cause, hint: 'stop what uses the port, or publish another one' });
  }
}

/** The container's networks do not allow what its ports ask for. */
export class UnpublishablePortError extends TsstackError {
  constructor(owner: string, problem: string, hint: string) {
    super('unsupported', `publish ports of ${owner}: ${problem}`, { hint });
  }
}
