import { StackFileError } from './errors.ts';
import { makeProblem, type Place, type Problem } from './problems.ts';
import type { NodePath } from './tree/node.ts';

/**
 * Collects what one load finds wrong, so that a stage can go on to the next key. Stages that build on sound input call
 * `throwIfErrors()` first.
 */
export class Diagnostics {
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;

  error(at: Place | null, path: NodePath, message: string, hint?: string | null): void {
    this.#add(makeProblem('error', at, path, message, hint ?? null));
  }

  warning(at: Place | null, path: NodePath, message: string, hint?: string | null): void {
    this.#add(makeProblem('warning', at, path, message, hint ?? null));
  }

  /** Takes over the problems of an error thrown by a nested stage. */
  absorb(error: StackFileError): void {
    for (const problem of error.problems) this.#add(problem);
  }

  get warnings(): readonly Problem[] {
    return this.#problems.filter((problem) => problem.severity === 'warning');
  }

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  throwIfErrors(): void {
    if (this.#errors > 0) throw new StackFileError(inReadingOrder(this.#problems));
  }

  /** A shared alias, or a file that is read twice, is reported once. */
  #add(problem: Problem): void {
    const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
    if (problem.file !== null && this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push(problem);
    if (problem.severity === 'error') this.#errors++;
  }
}

/** Problems file by file in the order of their first report, and from top to bottom in each. */
function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const rank = (problem: Problem): number => files.indexOf(problem.file);
  return problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
