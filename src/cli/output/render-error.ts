/** The one place where errors become text. */
import { TsstackError } from '../../model/errors.ts';
import { fileErrorText } from '../../model/system-error.ts';
import type { StackFileError } from '../../stack/errors.ts';
import { paint } from './colour.ts';

export interface ErrorStyle {
  readonly json: boolean;
  readonly colours: boolean;
}

/** An error for people, or one JSON object for programs. Ends with a newline. */
export async function renderError(error: unknown, style: ErrorStyle): Promise<string> {
  return style.json ? renderJson(error) : await renderText(error, style.colours);
}

/** True when the command was asked for JSON: `--progress json` or `--format json`, read loosely because the flags may be what is wrong. */
export function wantsJson(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['COMPOSE_PROGRESS'] === 'json') return true;
  return argv.some((word, index) => {
    if (word === '--progress=json' || word === '--format=json') return true;
    return word === 'json' && ['--progress', '--format'].includes(argv[index - 1] ?? '');
  });
}

/** What `--ansi` says, read as loosely. */
export function wantedAnsi(argv: readonly string[]): string | undefined {
  const index = argv.findLastIndex((word) => word === '--ansi' || word.startsWith('--ansi='));
  const word = argv[index];
  return word === '--ansi' ? argv[index + 1] : word?.slice('--ansi='.length);
}

async function renderText(error: unknown, colours: boolean): Promise<string> {
  if (isStackFileError(error)) {
    const { renderProblems } = await import('../../stack/render-problems.ts');
    return renderProblems(error.problems, { color: colours });
  }
  const hint =
    error instanceof TsstackError && error.hint !== undefined
      ? `${paint('hint:', 'cyan', colours)} ${error.hint}\n`
      : '';
  return `${paint('error:', 'red', colours)} ${describeError(error)}\n${hint}`;
}

function renderJson(error: unknown): string {
  const more =
    error instanceof TsstackError
      ? { code: error.code, ...(error.hint === undefined ? {} : { hint: error.hint }) }
      : {};
  const problems = isStackFileError(error) ? { problems: error.problems } : {};
  return `${JSON.stringify({ error: true, message: describeError(error), ...more, ...problems })}\n`;
}

/** An error of ours says what a person has to know; of anything else the trace is what a report of the bug needs. */
function describeError(error: unknown): string {
  if (error instanceof TsstackError) return error.message;
  const fileError = fileErrorText(error);
  if (fileError !== null) return fileError;
  return `this is a bug of tsstack: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

/** By what it carries, so that the loader's code is not loaded for other errors. */
function isStackFileError(error: unknown): error is StackFileError {
  return error instanceof TsstackError && 'problems' in error;
}
