import { TsstackError } from '../../src/model/errors.ts';
import type { ErrorCode } from '../../src/model/errors.ts';

/** A task cannot be prepared or run as its spec asks; the message names the attribute. */
export class TaskError extends TsstackError {}

/** The task's container or the thing asked for is not on this host. */
export class NotOnThisHostError extends TsstackError {
  constructor(what: string) {
    super('not-found', `${what} is not on this host`);
  }
}

/** An operation needs a container that runs. */
export class ContainerStateError extends TsstackError {
  constructor(containerName: string, problem: string, hint?: string) {
    super('conflict', `container ${containerName} ${problem}`, hint === undefined ? {} : { hint });
  }
}

/** What a status or a stream says about any thrown value. */
export function describeError(error: unknown): { code: ErrorCode; message: string; hint: string | null } {
  if (error instanceof TsstackError) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error), hint: null };
}

/** True when the value is a Node error with that errno name (`ENOENT`, …). */
export function hasErrno(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && names.includes(error.code);
}
