import { StackFileError } from './errors.ts';
import { makeProblem, type Place, type Problem } from './problems.ts';
import type { NodePath } from './tree/node.ts';

/**
 * Collects what one load finds wrong, so that all of it can be shown in one go: what a stage finds broken it takes out of the
 * tree, and the next stage goes on with the rest.
 */
export class Diagnostics {
  readonly #problems: Problem[] = [];
  readonly #seen = new Set<string>();
  #thrown: StackFileError | undefined;
  #lacksParts = false;

  error(at: Place | null, path: NodePath, message: string, hint?: string | null): void {
    this.#add(makeProblem('error', at, path, message, hint ?? null));
  }

  warning(at: Place | null, path: NodePath, message: string, hint?: string | null): void {
    this.#add(makeProblem('warning', at, path, message, hint ?? null));
  }

  /** Takes over what another check has found. */
  addAll(problems: readonly Problem[]): void {
    for (const problem of problems) this.#add(problem);
  }

  /** Paths of the errors so far, as in problems; a problem in the same place may be but a consequence. */
  get errorPaths(): readonly string[] {
    return this.#problems.flatMap(({ severity, path }) => (severity === 'error' && path !== '' ? [path] : []));
  }

  get warnings(): readonly Problem[] {
    return this.#problems.filter((problem) => problem.severity === 'warning');
  }

  /** The result of a part of the load, or undefined when the rest cannot do without it: then others are looked at, and the load ends with `throwIfLacking`. */
  attempt<T>(part: () => T): T | undefined {
    try {
      return part();
    } catch (error) {
      if (!(error instanceof StackFileError)) throw error;
      this.addAll(error.problems);
      this.#lacksParts = true;
      return undefined;
    }
  }

  throwIfLacking(): void {
    if (this.#lacksParts) this.throwIfErrors();
  }

  throwIfErrors(): void {
    if (!this.#problems.some(({ severity }) => severity === 'error')) return;
    this.#thrown = new StackFileError(inReadingOrder(this.#problems));
    throw this.#thrown;
  }

  /** What ended the load, with everything that was found before. */
  complete(error: StackFileError): StackFileError {
    if (error === this.#thrown) return error;
    const earlier = this.errorPaths;
    this.addAll(error.problems.filter(({ path }) => !isTouched(path, earlier)));
    return new StackFileError(inReadingOrder(this.#problems), error);
  }

  /** A shared alias, or a file that is read twice, is reported once. */
  #add(problem: Problem): void {
    const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#problems.push(problem);
  }
}

/** True when one of the paths is this one, above it or below it. */
export function isTouched(path: string, others: readonly string[]): boolean {
  const isWithin = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
  return path !== '' && others.some((other) => isWithin(path, other) || isWithin(other, path));
}

/** Problems file by file in the order of their first report, and from top to bottom in each. */
function inReadingOrder(problems: readonly Problem[]): Problem[] {
  const files = [...new Set(problems.map((problem) => problem.file))];
  const rank = (problem: Problem): number => files.indexOf(problem.file);
  return problems.toSorted((a, b) => rank(a) - rank(b) || a.line - b.line || a.column - b.column);
}
