/** The one place where errors of ours become gRPC status and back. The whole error travels as JSON in the metadata entry `tsstack-error`. */
import type { ServiceError, StatusObject } from '@grpc/grpc-js';
import { TsstackError, type ErrorCode, type TsstackErrorOptions } from '../model/errors.ts';
import type { Problem } from './messages.ts';

/** Name of the metadata entry. */
export const errorMetadataKey = 'tsstack-error';

/** HTTP/2 peers refuse header blocks of more than 64 KiB; a message for people stays far below. */
const maxMessageLength = 8192;

/** Status numbers of gRPC (grpc/status.h); not imported from @grpc/grpc-js, so that mapping an error loads nothing. */
const statusByCode: Readonly<Record<ErrorCode, number>> = {
  canceled: 1,
  invalid: 3,
  timeout: 4,
  'not-found': 5,
  exists: 6,
  permission: 7,
  exhausted: 8,
  conflict: 9,
  unsupported: 12,
  internal: 13,
  unavailable: 14,
};

const codeByStatus = new Map(Object.entries(statusByCode).map(([code, status]) => [status, code as ErrorCode]));

/** An error as it is sent in messages and metadata. */
export function problemOf(error: unknown): Problem {
  if (error instanceof TsstackError) {
    const { code, retryable, keys = [], askInstead = '' } = error;
    return { code, message: cut(error.message), hint: cut(error.hint ?? ''), retryable, keys, askInstead };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: cut(message), hint: '', retryable: false, keys: [], askInstead: '' };
}

/** The error that a problem tells of. */
export function errorOfProblem(problem: Problem): TsstackError {
  const code = problem.code in statusByCode ? (problem.code as ErrorCode) : 'internal';
  // Daemons of earlier versions do not say who else is to be asked.
  const { message, hint, retryable, keys, askInstead = '' } = problem as Omit<Problem, 'askInstead'> & Partial<Problem>;
  const more = {
    ...(hint === '' ? {} : { hint }),
    ...(keys.length === 0 ? {} : { keys }),
    ...(askInstead === '' ? {} : { askInstead }),
  };
  return new TsstackError(code, message, { ...more, retryable });
}

/** What a server answers with: status number, text and the JSON for the metadata entry. */
export function statusOfError(error: unknown): { code: number; details: string; json: string } {
  const problem = problemOf(error);
  const code = statusByCode[problem.code as ErrorCode];
  return { code, details: problem.message, json: asciiJson(problem) };
}

/** The error that a client throws for a failed call; a failure of the transport itself carries no entry of ours. */
function errorOfStatus(status: Pick<StatusObject, 'code' | 'details' | 'metadata'>): TsstackError {
  const json = status.metadata.get(errorMetadataKey)[0];
  if (json !== undefined) return errorOfProblem(JSON.parse(json.toString()) as Problem);
  if (isCutByPeer(status)) {
    return new TsstackError('unavailable', 'the other side ended the connection', { cause: status, retryable: true });
  }
  if (status.code === statusByCode.unsupported)
    return new TsstackError('unsupported', status.details, otherVersion(status));
  const code = codeByStatus.get(status.code) ?? 'internal';
  return new TsstackError(code, status.details, { cause: status, retryable: code === 'unavailable' });
}

/** A server that does not know the method says so without a word of ours. */
function otherVersion(cause: unknown): TsstackErrorOptions {
  return { cause, hint: 'the other side is of another version: update the older of the two' };
}

/** A server that stops resets its streams, for which grpc-js has the same status as for a call that this side gave up. */
function isCutByPeer(status: Pick<StatusObject, 'code' | 'details'>): boolean {
  return status.code === statusByCode.canceled && status.details !== 'Cancelled on client';
}

/** Turns what a call rejected with into a TsstackError. */
export function errorOfCall(error: unknown): TsstackError {
  if (error instanceof TsstackError) return error;
  if (isServiceError(error)) return errorOfStatus(error);
  return new TsstackError('internal', error instanceof Error ? error.message : String(error), { cause: error });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'metadata' in error && typeof error.code === 'number';
}

/** Metadata is ASCII. */
function asciiJson(problem: Problem): string {
  return JSON.stringify(problem).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function cut(message: string): string {
  return message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength - 1)}…`;
}
