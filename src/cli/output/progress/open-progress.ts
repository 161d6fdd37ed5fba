import { isTrue } from '../../command-line/is-true.ts';
import type { CommandContext } from '../../command-line/verb.ts';
import { UsageError } from '../../errors.ts';
import { hasColours } from '../colour.ts';
import { JsonProgress } from './json-progress.ts';
import { PlainProgress } from './plain-progress.ts';
import type { Progress } from './progress-event.ts';
import { QuietProgress } from './quiet-progress.ts';
import { TtyProgress } from './tty-progress.ts';

const kinds = ['auto', 'tty', 'plain', 'json', 'quiet'];

interface ProgressStyle {
  /** Containers write on the same terminal meanwhile: a table that is drawn again in place would wipe their lines out. */
  readonly besideOutput?: boolean;
}

/** The display that --progress and COMPOSE_PROGRESS ask for, on standard error unless COMPOSE_STATUS_STDOUT is true. `title` is the verb: `up`. */
export function openProgress(
  context: Pick<CommandContext, 'globals' | 'io'>,
  title: string,
  { besideOutput = false }: ProgressStyle = {},
): Progress {
  const { globals, io } = context;
  const wish = globals.progress ?? (io.env['COMPOSE_PROGRESS'] || 'auto');
  if (!kinds.includes(wish)) throw new UsageError(`unknown progress "${wish}"`, `it takes ${kinds.join(', ')}`);
  refuseContradiction(wish, globals.ansi);
  const stream = isTrue(io.env['COMPOSE_STATUS_STDOUT']) ? io.stdout : io.stderr;
  const colours = hasColours(globals, io, stream);
  const isTty = wish === 'tty' || (wish === 'auto' && stream.isTTY === true && globals.ansi !== 'never');
  if (isTty && !besideOutput) return new TtyProgress(stream, title, colours);
  if (wish === 'json') return new JsonProgress(stream, globals['dry-run']);
  if (wish === 'quiet') return new QuietProgress(stream);
  return new PlainProgress(stream, globals['dry-run'] ? 'DRY-RUN MODE - ' : '');
}

function refuseContradiction(progress: string, ansi: string | undefined): void {
  if (progress === 'tty' && ansi === 'never')
    throw new UsageError("can't use --progress tty while ANSI support is disabled");
  if (progress === 'plain' && ansi === 'always')
    throw new UsageError("can't use --progress plain while ANSI support is forced");
}
