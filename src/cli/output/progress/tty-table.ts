import { formatBytes } from '../../../model/format-bytes.ts';
import { paint, type Colour } from '../colour.ts';
import type { ProgressEvent } from './progress-event.ts';
import type { ProgressRow } from './tty-progress.ts';

interface Picture {
  readonly title: string;
  readonly columns: number;
  /** Most lines that fit. */
  readonly lines: number;
  readonly colours: boolean;
  /** Counts pictures; turns the spinner. */
  readonly frame: number;
  readonly now: number;
}

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const marks = { done: '✔', warning: '!', error: '✘' } as const;
const colourOf: Readonly<Record<ProgressEvent['state'], Colour>> = {
  working: 'cyan',
  done: 'green',
  warning: 'yellow',
  error: 'red',
};

/** The lines of one picture: what still goes on first, if not everything fits. */
export function formatTable(rows: readonly ProgressRow[], picture: Picture): readonly string[] {
  const done = rows.filter(({ event }) => event.state === 'done').length;
  const room = Math.max(1, picture.lines - 2);
  const shown = rows.length <= room ? rows : pickRows(rows, room);
  const width = Math.max(0, ...shown.map(({ event }) => event.id.length));
  const header = `[+] ${picture.title} ${done}/${rows.length}`;
  const more = rows.length - shown.length;
  return [
    header,
    ...shown.map((row) => formatRow(row, width, picture)),
    ...(more > 0 ? [`   … and ${more} more`] : []),
  ];
}

function pickRows(rows: readonly ProgressRow[], room: number): readonly ProgressRow[] {
  const active = rows.filter(({ endedAt }) => endedAt === null);
  const ended = rows.filter(({ endedAt }) => endedAt !== null);
  const chosen = new Set([
    ...active.slice(0, room),
    ...ended.slice(-Math.max(0, room - active.length) || ended.length),
  ]);
  return rows.filter((row) => chosen.has(row)).slice(0, room);
}

function formatRow({ event, startedAt, endedAt }: ProgressRow, width: number, picture: Picture): string {
  const mark = event.state === 'working' ? (spinner[picture.frame % spinner.length] ?? '') : marks[event.state];
  const seconds = `${(((endedAt ?? picture.now) - startedAt) / 1000).toFixed(1)}s`;
  const status = [event.text, transferText(event), event.details].filter((part) => part !== undefined).join(' ');
  const space = picture.columns - width - seconds.length - 7;
  const fitted =
    status.length > space ? `${status.slice(0, Math.max(0, space - 1))}…` : status.padEnd(Math.max(0, space));
  const colour = colourOf[event.state];
  return ` ${paint(mark, colour, picture.colours)} ${event.id.padEnd(width)}  ${paint(fitted, colour, picture.colours)} ${seconds}`;
}

function transferText({ current, total }: ProgressEvent): string | undefined {
  if (current === undefined || current === 0) return undefined;
  return total === undefined || total === 0 ? formatBytes(current) : `${formatBytes(current)}/${formatBytes(total)}`;
}
