import { TsstackError } from '../../model/errors.ts';

/** A value that the specification allows and tsstack cannot honour; normally the gate before the lowering has said so with its place in the file. */
export function unsupported(where: string, value: string): TsstackError {
  return new TsstackError('unsupported', `${where}: ${value} is not supported yet`);
}

/** A value that makes no sense; normally the schema has said so with its place in the file. */
export function invalid(where: string, message: string, cause?: unknown): TsstackError {
  return new TsstackError('invalid', `${where}: ${message}`, { cause });
}

/** A value that makes no sense, with its keys from the root, so that the command line can show its place. */
export function invalidAt(keys: readonly string[], message: string, hint?: string, cause?: unknown): TsstackError {
  return new TsstackError('invalid', message, { keys, cause, ...(hint === undefined ? {} : { hint }) });
}
