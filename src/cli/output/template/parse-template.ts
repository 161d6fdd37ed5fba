/** The part of Go's text/template that `--format` of docker's tools lives on: fields, a few functions, pipes, trimmed spaces. Pure. */
import { UsageError } from '../../errors.ts';
import { templateFunctions } from './template-functions.ts';

/** `.Field.Below`, a text or a number; a function or method with its arguments. */
export type Operand =
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'value'; readonly value: string | number }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Operand[] };

/** What stands as it is, or a pipe whose result takes its place. */
export type TemplatePart = string | readonly Operand[];

const action = /\{\{(-?)\s*([^]*?)\s*(-?)\}\}/g;
const word = /"(?:[^"\\]|\\.)*"|[^\s|"]+|\|/g;

/** Reads a template; `\t` and `\n` may be written out, because shells make it hard to type them. */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  let trimsNext = false;
  const addText = (raw: string, trimsEnd: boolean): void => {
    const start = trimsNext ? raw.trimStart() : raw;
    const literal = (trimsEnd ? start.trimEnd() : start).replaceAll('\\t', '\t').replaceAll('\\n', '\n');
    if (literal.includes('{{')) throw new UsageError('--format: }} is missing', formatHint);
    if (literal !== '') parts.push(literal);
  };
  for (const match of text.matchAll(action)) {
    const [whole, before, pipe = '', after] = match;
    addText(text.slice(end, match.index), before === '-');
    parts.push(parsePipe(pipe));
    trimsNext = after === '-';
    end = match.index + whole.length;
  }
  addText(text.slice(end), false);
  return parts;
}

const formatHint = "write fields as in '{{.Name}} {{.State}}', or with a header 'table {{.Name}}\\t{{.State}}'";

function parsePipe(text: string): readonly Operand[] {
  const commands: string[][] = [[]];
  for (const [token] of text.matchAll(word)) {
    if (token === '|') commands.push([]);
    else commands.at(-1)?.push(token);
  }
  return commands.map(([first, ...rest], index) => {
    if (first === undefined) throw new UsageError(`--format: {{${text}}} says nothing`, formatHint);
    return parseCommand(first, rest, index > 0);
  });
}

function parseCommand(first: string, rest: readonly string[], isPiped: boolean): Operand {
  if (first === '.Label') return { kind: 'call', name: first, arguments: rest.map(parseOperand) };
  if (!isPiped && rest.length === 0 && !templateFunctions.has(first)) return parseOperand(first);
  if (templateFunctions.has(first)) return { kind: 'call', name: first, arguments: rest.map(parseOperand) };
  const names = [...templateFunctions.keys()].join(', ');
  throw new UsageError(`--format: "${first}" is no function here`, `there are ${names}`);
}

function parseOperand(token: string): Operand {
  if (token.startsWith('"')) return { kind: 'value', value: JSON.parse(token) as string };
  if (/^-?\d+$/.test(token)) return { kind: 'value', value: Number(token) };
  if (/^\.(\w+(\.\w+)*)?$/.test(token)) return { kind: 'field', path: token.split('.').filter((name) => name !== '') };
  throw new UsageError(`--format: "${token}" is not supported in templates`, formatHint);
}
