import { UsageError } from '../errors.ts';
import { RowTemplate } from './template/row-template.ts';

/** What `--format` asks for. */
export function readFormat(format: string | undefined, kinds: readonly string[]): string {
  const wish = format ?? kinds[0] ?? '';
  if (kinds.includes(wish)) return wish;
  throw new UsageError(`unknown format "${wish}"`, `it takes ${kinds.join(' or ')}`);
}

/** How a list is printed: in the columns of its verb, as JSON, or as a template says. */
export type RowFormat = 'table' | 'json' | RowTemplate;

/** The flag of verbs that print lists. */
export const rowFormatFlag = {
  type: 'string',
  value: 'FORMAT',
  help: "table, json, or a template as '{{.Name}}' or 'table {{.Name}}\\t{{.Status}}' of the fields of json",
} as const;

/** What `--format` of a verb that prints a list asks for. */
export function readRowFormat(format: string | undefined): RowFormat {
  if (format?.includes('{{') === true) return new RowTemplate(format);
  return readFormat(format, ['table', 'json']) as 'table' | 'json';
}
