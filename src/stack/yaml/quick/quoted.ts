/** A quoted scalar: its value, and the offset after its closing quote. */
export interface Quoted {
  readonly value: string;
  readonly end: number;
}

/** A single-quoted scalar of one line at `start`; undefined for one of several lines or without an end. */
export function readSingleQuoted(text: string, start: number): Quoted | undefined {
  SINGLE.lastIndex = start;
  const match = SINGLE.exec(text);
  if (match === null) return undefined;
  return { value: match[0].slice(1, -1).replaceAll("''", "'"), end: start + match[0].length };
}

/** A double-quoted scalar of one line at `start`; undefined also for escapes other than the common ones. */
export function readDoubleQuoted(text: string, start: number): Quoted | undefined {
  DOUBLE.lastIndex = start;
  const match = DOUBLE.exec(text);
  if (match === null) return undefined;
  const inner = match[0].slice(1, -1);
  const value = inner.includes('\\')
    ? inner.replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter)
    : inner;
  return { value, end: start + match[0].length };
}

const SINGLE = /'(?:[^'\n]|'')*'/y;
const DOUBLE = /"(?:[^"\\\n]|\\["\\/nrt])*"/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
