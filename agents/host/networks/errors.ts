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

/** What goes to other hosts cannot be encrypted, and goes in no other way. */
export class EncryptionError extends TsstackError {
  constructor(cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super('unsupported', `encrypt what goes to other hosts: ${why}`, {
      cause,
      hint: 'let the kernel of this host have IPsec (the modules esp4, xfrm_user and gcm) and restart the daemon, or place the container on another node',
    });
  }
}
