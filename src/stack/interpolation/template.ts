/** `${NAME<operator>argument}` or `$NAME`. */
export interface Variable {
  readonly name: string;
  readonly operator: Operator | null;
  /** Text after the operator, itself a template; parsed only when it is used. */
  readonly argument: string;
}

type Operator = ':-' | '-' | ':?' | '?' | ':+' | '+';

/** An expression that is none: `text` is what was found, from its `$` on. */
export class TemplateError extends Error {
  readonly text: string;

  constructor(text: string) {
    super(`invalid interpolation format ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`);
    this.name = 'TemplateError';
    this.text = text;
  }
}

const OPERATORS: readonly Operator[] = [':-', ':?', ':+', '-', '?', '+'];

/** Splits text into literal strings and variables. `$$` is a literal `$`; a `$` before anything but a name or `{` stays. */
export function parseTemplate(text: string): (string | Variable)[] {
  const parts: (string | Variable)[] = [];
  let literal = '';
  let at = 0;
  for (let dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
    literal += text.slice(at, dollar);
    const next = text[dollar + 1];
    const name = next === '{' ? '' : readName(text, dollar + 1);
    if (next !== '{' && name === '') {
      literal += '$';
      at = dollar + (next === '$' ? 2 : 1);
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    if (next === '{') {
      const end = findClosingBrace(text, dollar + 1);
      parts.push(parseBraced(text, dollar, end));
      at = end + 1;
    } else {
      parts.push({ name, operator: null, argument: '' });
      at = dollar + 1 + name.length;
    }
  }
  literal += text.slice(at);
  if (literal !== '') parts.push(literal);
  return parts;
}

function parseBraced(text: string, dollar: number, end: number): Variable {
  const found = end < 0 ? (text.slice(dollar).split('\n', 1)[0] ?? '') : text.slice(dollar, end + 1);
  if (end < 0 || found.includes('\n')) throw new TemplateError(found);
  const name = readName(text, dollar + 2);
  const rest = found.slice(2 + name.length, -1);
  if (name === '') throw new TemplateError(found);
  if (rest === '') return { name, operator: null, argument: '' };
  const operator = OPERATORS.find((candidate) => rest.startsWith(candidate));
  if (operator === undefined) throw new TemplateError(found);
  return { name, operator, argument: rest.slice(operator.length) };
}

/** The end of the brace opened at `open`: braces in an argument must balance. -1 when there is none. */
function findClosingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text[at];
    if (character === '{') {
      if (++depth > MAX_DEPTH) return -1;
    } else if (character === '}' && --depth === 0) return at;
  }
  return -1;
}

function readName(text: string, from: number): string {
  NAME.lastIndex = from;
  return NAME.exec(text)?.[0] ?? '';
}

/** Braces within braces; deeper nesting is no template. Each level is parsed once more, so that this bounds the work. */
const MAX_DEPTH = 50;

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
