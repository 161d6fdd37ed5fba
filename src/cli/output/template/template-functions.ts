/** The functions that docker's tools have in their templates; the value of a pipe is the last argument. */
type TemplateFunction = (...values: readonly unknown[]) => unknown;

export const templateFunctions: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['json', (value) => JSON.stringify(value)],
  ['upper', (value) => textOf(value).toUpperCase()],
  ['lower', (value) => textOf(value).toLowerCase()],
  ['title', (value) => textOf(value).replace(/(?<!\p{L})\p{L}/gu, (letter) => letter.toUpperCase())],
  ['len', (value) => (Array.isArray(value) ? value.length : textOf(value).length)],
  ['split', (value, separator) => textOf(value).split(textOf(separator))],
  ['join', (value, separator) => (Array.isArray(value) ? value.map(textOf).join(textOf(separator)) : textOf(value))],
  ['truncate', (value, length) => Array.from(textOf(value)).slice(0, Number(length)).join('')],
]);

/** A value as text: what is no text or number, as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
