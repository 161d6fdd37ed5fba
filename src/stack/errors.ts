import { TsstackError } from '../model/errors.ts';
import { makeProblem, type Place, type Problem } from './problems.ts';
import { findPosition, type MapNode, type NodePath } from './tree/node.ts';

/** A stack file that cannot be used, with everything that was found wrong in it. */
export class StackFileError extends TsstackError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], cause?: unknown) {
    super('invalid', summarise(problems), cause === undefined ? {} : { cause });
    this.problems = problems;
  }
}

/** The error for one thing that makes going on pointless. */
export function stackFileError(at: Place | null, path: NodePath, message: string, hint?: string): StackFileError {
  return new StackFileError([makeProblem('error', at, path, message, hint ?? null)]);
}

/** The error as one that is about a key of the stack's files. */
export function errorAt(
  { tree }: { readonly tree: MapNode },
  path: NodePath,
  { message, hint, cause }: Pick<TsstackError, 'message' | 'hint' | 'cause'>,
): StackFileError {
  return new StackFileError([makeProblem('error', findPosition(tree, path), path, message, hint ?? null)], cause);
}

function summarise(problems: readonly Problem[]): string {
  const first = problems.find((problem) => problem.severity === 'error') ?? problems[0];
  if (first === undefined) return 'load stack file';
  const place = first.file === null ? '' : `${first.file}:${first.line}:${first.column}: `;
  const path = first.path === '' ? '' : `${first.path}: `;
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  return `load stack file: ${place}${path}${first.message}${errors > 1 ? ` (and ${errors - 1} more)` : ''}`;
}
