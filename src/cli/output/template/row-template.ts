import { didYouMeanOneOf } from '../../../stack/suggest.ts';
import { UsageError } from '../../errors.ts';
import { formatColumns } from '../table.ts';
import { parseTemplate, type Operand, type TemplatePart } from './parse-template.ts';
import { templateFunctions, textOf } from './template-functions.ts';

/** What `--format json` says of one thing: the fields that a template can name. */
export type RowFields = Readonly<Record<string, unknown>>;

const tablePrefix = /^table\s+/;

/** A template of `--format`: one line for each thing, after `table` in columns below a header. */
export class RowTemplate {
  readonly #parts: readonly TemplatePart[];
  readonly #isTable: boolean;

  constructor(text: string) {
    this.#isTable = tablePrefix.test(text);
    this.#parts = parseTemplate(text.replace(tablePrefix, ''));
  }

  /** `titles`: what columns are called above a table, by field, where that is not the field's own name in capitals. */
  render(rows: readonly RowFields[], titles: Readonly<Record<string, string>> = {}): string {
    const lines = rows.map((row) => this.#fill((pipe) => textOf(evaluate(pipe, row))));
    if (!this.#isTable) return lines.map((line) => `${line}\n`).join('');
    const header = this.#fill((pipe) => titleOf(pipe, titles));
    return formatColumns(
      header.split('\t'),
      lines.map((line) => line.split('\t')),
    );
  }

  #fill(valueOf: (pipe: readonly Operand[]) => string): string {
    return this.#parts.map((part) => (typeof part === 'string' ? part : valueOf(part))).join('');
  }
}

function evaluate(pipe: readonly Operand[], row: RowFields): unknown {
  return pipe.reduce<unknown>((before, operand, index) => valueOf(operand, row, index > 0 ? [before] : []), undefined);
}

/** `piped`: the value that came before, if any. */
function valueOf(operand: Operand, row: RowFields, piped: readonly unknown[]): unknown {
  if (operand.kind === 'value') return operand.value;
  if (operand.kind === 'field') return operand.path.reduce<unknown>((value, name) => fieldOf(value, name), row);
  const values = [...operand.arguments.map((argument) => valueOf(argument, row, [])), ...piped];
  if (operand.name === '.Label') return labelOf(row, textOf(values[0]));
  return templateFunctions.get(operand.name)?.(...values);
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, name)) return (value as RowFields)[name];
  const names = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  throw new UsageError(`--format: there is no field ${name}`, didYouMeanOneOf(name, names) ?? undefined);
}

/** Labels are one text, as docker's tools have them: `a=1,b=2`. */
function labelOf(row: RowFields, label: string): string {
  const pairs = textOf(row['Labels']).split(',');
  return pairs.find((pair) => pair.startsWith(`${label}=`))?.slice(label.length + 1) ?? '';
}

/** `RunningFor` is the column that docker calls CREATED, `CreatedAt` is CREATED AT; a label has the last word of its name. */
function titleOf(pipe: readonly Operand[], titles: Readonly<Record<string, string>>): string {
  const name = pipe.flatMap(namesIn).at(-1) ?? '';
  if (Object.hasOwn(titles, name)) return titles[name] ?? name;
  if (name === 'RunningFor') return 'CREATED';
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase();
}

function namesIn(operand: Operand): readonly string[] {
  if (operand.kind === 'field') return operand.path.slice(-1);
  if (operand.kind === 'value') return [];
  if (operand.name === '.Label')
    return operand.arguments.map((label) => (label.kind === 'value' ? titleOfLabel(String(label.value)) : ''));
  return operand.arguments.flatMap(namesIn);
}

function titleOfLabel(label: string): string {
  return label.slice(label.lastIndexOf('.') + 1).replace(/[-_]/g, ' ');
}
