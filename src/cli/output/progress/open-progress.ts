import type { CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { hasColours } from '../colour.ts';
import { JsonProgress } from './json-progress.ts';
import { PlainProgress } from './plain-progress.ts';
import type { Progress } from './progress-event.ts';
import { QuietProgress } from './quiet-progress.ts';
import { TtyProgress } from './tty-progress.ts';

const kinds = ['auto', 'tty', 'plain', 'json', 'quiet'];

/** The display that --progress and COMPOSE_PROGRESS ask for, on standard error. `title` is the verb: `up`. */
export function openProgress(context: Pick<CommandContext, 'globals' | 'io'>, title: string): Progress {
  const { globals, io } = context;
  const wish = globals.progress ?? (io.env['COMPOSE_PROGRESS'] || 'auto');
  if (!kinds.includes(wish)) throw new UsageError(`unknown progress "${wish}"`, `it takes ${kinds.join(', ')}`);
  refuseContradiction(wish, globals.ansi);
  const colours = hasColours(globals, io, io.stderr);
  const isTty = wish === 'tty' || (wish === 'auto' && io.stderr.isTTY === true && globals.ansi !== 'never');
  if (isTty) return new TtyProgress(io.stderr, title, colours);
  if (wish === 'json') return new JsonProgress(io.stderr, globals['dry-run']);
  if (wish === 'quiet') return new QuietProgress(io.stderr);
  return new PlainProgress(io.stderr, globals['dry-run'] ? 'DRY-RUN MODE - ' : '');
}

function refuseContradiction(progress: string, ansi: string | undefined): void {
  if (progress === 'tty' && ansi === 'never')
    throw new UsageError("can't use --progress tty while ANSI support is disabled");
  if (progress === 'plain' && ansi === 'always')
    throw new UsageError("can't use --progress plain while ANSI support is forced");
}
