/** What went wrong, for programs: each maps to one gRPC status (src/rpc/error-mapping.ts) and to one exit code of the command line. */
export type ErrorCode =
  | 'invalid' // the request or the file is wrong; nothing was done
  | 'not-found'
  | 'exists'
  | 'conflict' // somebody else changed the object meanwhile, or it is in the wrong state for this
  | 'permission'
  | 'unavailable' // the daemon, a node or a registry cannot be reached now
  | 'timeout'
  | 'canceled'
  | 'exhausted' // no address, port, disk space or other resource left
  | 'unsupported' // this host or this version cannot do it
  | 'internal';

export interface TsstackErrorOptions {
  readonly cause?: unknown;
  /** One sentence on what to do next; shown after the message. */
  readonly hint?: string;
  /** True if the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean;
  /** Keys from the root of the stack file to what it is about, for errors that come from what a file says. */
  readonly keys?: readonly string[];
  /** ADDRESS:PORT of the manager that can do it, where it is not the one that was asked. */
  readonly askInstead?: string;
}

/**
 * Base of every error of ours. The message is a lower-case verb phrase that names the object ("pull image redis:7: …").
 * Module errors extend it in their own `errors.ts`.
 */
export class TsstackError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly keys: readonly string[] | undefined;
  readonly askInstead: string | undefined;

  constructor(code: ErrorCode, message: string, options: TsstackErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.hint = options.hint;
    this.keys = options.keys;
    this.askInstead = options.askInstead;
  }
}
