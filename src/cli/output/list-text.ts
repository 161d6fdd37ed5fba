import type { RowFormat } from './format-flag.ts';
import { formatColumns } from './table.ts';

/** A list as a verb can print it. */
export interface List {
  /** What `--quiet` prints of each row. */
  readonly names: readonly string[];
  /** The rows for programs, and for templates. */
  readonly objects: readonly object[];
  /** The rows for people. */
  readonly titles: readonly string[];
  readonly cells: readonly (readonly string[])[];
}

/** The list as `--quiet` and `--format` want it: JSON is one object a line, as docker's tools have it. */
export function listText({ names, objects, titles, cells }: List, isQuiet: boolean, format: RowFormat): string {
  if (isQuiet) return names.map((name) => `${name}\n`).join('');
  if (format === 'json') return objects.map((object) => `${JSON.stringify(object)}\n`).join('');
  if (format === 'table') return formatColumns(titles, cells);
  return format.render(objects.map((object) => ({ ...object })));
}
