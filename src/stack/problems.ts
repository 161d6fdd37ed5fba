import { formatPath, type NodePath } from './tree/node.ts';
import type { SourceFile } from './tree/source-file.ts';

/** One thing that is wrong, or odd, in a stack file or an env file. Data: src/stack/render-problems.ts makes text of it. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  /** Path of the file, `-` for standard input; null when the problem is in no file (a flag, a missing file). */
  readonly file: string | null;
  /** From 1; 0 when there is no file. */
  readonly line: number;
  readonly column: number;
  /** Path of the key, as `services.web.ports[0]`; empty when there is none. */
  readonly path: string;
  readonly message: string;
  /** What to do about it; null when there is nothing to add. */
  readonly hint: string | null;
  /** The line it was found in; null when there is no file. */
  readonly sourceLine: string | null;
}

/** A place in a file. */
export interface Place {
  readonly file: SourceFile;
  readonly offset: number;
}

/** Builds a problem at a place; `at` null = in no file. */
export function makeProblem(
  severity: Problem['severity'],
  at: Place | null,
  path: NodePath,
  message: string,
  hint: string | null = null,
): Problem {
  if (at === null) {
    return { severity, file: null, line: 0, column: 0, path: formatPath(path), message, hint, sourceLine: null };
  }
  const { line, column } = at.file.positionAt(at.offset);
  const sourceLine = at.file.lineText(line);
  return { severity, file: at.file.path, line, column, path: formatPath(path), message, hint, sourceLine };
}
