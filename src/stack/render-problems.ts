import type { Problem } from './problems.ts';

export interface RenderOptions {
  /** Colours are for terminals only; the caller knows. Default false. */
  readonly color?: boolean;
}

/**
 * Problems as text: one line with the place, the path and what is wrong, then the source line with a mark under the place.
 * Ends with a line end; empty without problems.
 */
export function renderProblems(problems: readonly Problem[], options: RenderOptions = {}): string {
  return problems.map((problem) => renderProblem(problem, options.color === true)).join('');
}

/** Problems for programs: one JSON object a line. */
export function problemsAsJson(problems: readonly Problem[]): string {
  return problems.map((problem) => `${JSON.stringify(problem)}\n`).join('');
}

const RED = '31;1';
const YELLOW = '33;1';
const CYAN = '36';
const BOLD = '1';
const DIM = '2';

function renderProblem(problem: Problem, color: boolean): string {
  const paint = (code: string, text: string): string => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  const word = paint(problem.severity === 'error' ? RED : YELLOW, `${problem.severity}:`);
  const path = problem.path === '' ? '' : `${problem.path}: `;
  // What is said of no place is not about the file: it looks like any other error of the command line.
  if (problem.file === null)
    return `${word} ${path}${problem.message}\n${problem.hint === null ? '' : `${paint(CYAN, 'hint:')} ${problem.hint}\n`}`;
  const place = `${paint(BOLD, `${problem.file}:${problem.line}:${problem.column}:`)} `;
  const hint = problem.hint === null ? '' : ` (${problem.hint})`;
  const head = `${place}${word} ${path}${problem.message}${hint}\n`;
  if (problem.sourceLine === null) return head;
  return `${head}${renderSource(problem, problem.sourceLine, paint)}`;
}

/** Width of a source line in messages; longer lines are cut around the place. */
const MAX_WIDTH = 110;

function renderSource(problem: Problem, sourceLine: string, paint: (code: string, text: string) => string): string {
  const start = problem.column > MAX_WIDTH ? problem.column - MAX_WIDTH / 2 : 0;
  const shown = sourceLine.slice(start, start + MAX_WIDTH).replaceAll('\t', ' ');
  const gutter = `${problem.line} | `;
  const blank = `${' '.repeat(gutter.length - 2)}| `;
  const column = problem.column - 1 - start;
  const mark = '^'.padEnd(markedLength(shown, column), '~');
  return `${paint(DIM, gutter)}${shown}\n${paint(DIM, blank)}${' '.repeat(Math.max(0, column))}${paint(RED, mark)}\n`;
}

/** The length of the word or quoted text at a place. */
function markedLength(line: string, column: number): number {
  const match = /^(?:"[^"]*"?|'[^']*'?|\$\{[^}]*\}?|[^\s,\]}:]+)/.exec(line.slice(column));
  return Math.max(1, match?.[0].length ?? 1);
}
