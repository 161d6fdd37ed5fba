import { stackFileError } from '../errors.ts';
import { RequiredVariableError, substitute, type Lookup } from '../interpolation/substitute.ts';
import { TemplateError } from '../interpolation/template.ts';
import type { Place } from '../problems.ts';
import { SourceFile } from '../tree/source-file.ts';

/** Where each variable was set last. */
export type VariablePlaces = Map<string, Place>;

/**
 * Reads an env file into `into`, over what earlier files set there.
 * @param lookup values that win over everything in files: the shell's
 * @param places gets the place of each variable that is set
 * @throws StackFileError with the line
 */
export function parseDotenv(
  path: string,
  text: string,
  lookup: Lookup,
  into: Map<string, string>,
  places?: VariablePlaces,
): void {
  const file = new SourceFile(path, text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'));
  new DotenvParser(file, lookup, into, places).parse();
}

/** The `format: raw` of env files: `KEY=value` lines, no quotes, no variables; a bare key is inherited. */
export function parseRawEnvironment(
  path: string,
  text: string,
  lookup: Lookup,
  into: Map<string, string>,
  places?: VariablePlaces,
): void {
  const file = new SourceFile(path, text.replace(/^\uFEFF/, ''));
  let offset = 0;
  for (const line of file.text.split('\n')) {
    const at = offset;
    offset += line.length + 1;
    const trimmed = line.replace(/\r$/, '').trimStart();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const equals = trimmed.indexOf('=');
    const value = equals < 0 ? lookup(trimmed.trim()) : trimmed.slice(equals + 1);
    if (value === undefined) continue;
    const key = equals < 0 ? trimmed.trim() : trimmed.slice(0, equals);
    into.set(key, value);
    places?.set(key, { file, offset: at });
  }
}

const BLANK = /[\t\v\f\r \u0085\u00a0]*/y;
const KEY = /[\p{L}\p{N}_.\-[\]\t\v\f\r \u0085\u00a0]*/uy;
const EXPORT = /export[\t\v\f\r \u0085\u00a0]+/y;
const ESCAPE = /\\(?:[abfnrtv$"\\]|0[0-7]{1,3})/g;
const ESCAPED: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  // The text is interpolated next, where `$$` is a literal dollar.
  $: '$$',
};

class DotenvParser {
  readonly #file: SourceFile;
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #into: Map<string, string>;
  readonly #places: VariablePlaces | undefined;
  #at = 0;

  constructor(file: SourceFile, lookup: Lookup, into: Map<string, string>, places?: VariablePlaces) {
    this.#file = file;
    this.#text = file.text;
    this.#lookup = lookup;
    this.#into = into;
    this.#places = places;
  }

  parse(): void {
    while (this.#skipToStatement()) {
      const start = this.#at;
      this.#skip(EXPORT);
      const key = this.#readKey(start);
      const separator = this.#text[this.#at];
      this.#at++;
      if (separator === '=' || separator === ':') {
        this.#skip(BLANK);
        this.#set(key, this.#readValue(), start);
        continue;
      }
      const inherited = this.#lookup(key);
      if (inherited !== undefined) this.#set(key, inherited, start);
    }
  }

  #set(key: string, value: string, offset: number): void {
    this.#into.set(key, value);
    this.#places?.set(key, { file: this.#file, offset });
  }

  /** Past blank lines and comments; false at the end of the file. */
  #skipToStatement(): boolean {
    for (;;) {
      while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (this.#at >= this.#text.length) return false;
      if (this.#text[this.#at] !== '#') return true;
      this.#at = this.#lineEnd();
    }
  }

  #readKey(start: number): string {
    const from = this.#at;
    this.#skip(KEY);
    const end = this.#text[this.#at];
    const key = this.#text.slice(from, this.#at).trimEnd();
    if (end !== undefined && end !== '=' && end !== ':' && end !== '\n') {
      throw this.#error(this.#at, `unexpected character ${JSON.stringify(end)} in variable name`);
    }
    if (key === '') throw this.#error(start, 'a variable name is missing');
    if (/\s/.test(key)) throw this.#error(from, `variable name "${key}" cannot contain a space`);
    return key;
  }

  #readValue(): string {
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") return this.#readQuoted(quote);
    const start = this.#at;
    const end = this.#lineEnd();
    this.#at = end + 1;
    const line = this.#text.slice(start, end);
    const comment = line.indexOf(' #');
    return this.#interpolate((comment < 0 ? line : line.slice(0, comment)).trimEnd(), start);
  }

  #readQuoted(quote: string): string {
    const start = this.#at;
    let value = '';
    for (let at = start + 1; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === '\\' && at + 1 < this.#text.length) {
        const escaped = this.#text[++at] ?? '';
        value += escaped === quote ? quote : `\\${escaped}`;
      } else if (character === quote) {
        this.#at = at + 1;
        return quote === "'" ? value : this.#interpolate(expandEscapes(value), start);
      } else value += character;
    }
    const line = this.#text.slice(start, this.#lineEnd(start));
    throw this.#error(start, `unterminated quoted value ${line}`);
  }

  #interpolate(text: string, offset: number): string {
    try {
      return substitute(text, (name) => this.#lookup(name) ?? this.#into.get(name), ignoreUnset);
    } catch (error) {
      if (!(error instanceof TemplateError || error instanceof RequiredVariableError)) throw error;
      throw this.#error(offset, error.message);
    }
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }

  #lineEnd(from = this.#at): number {
    const end = this.#text.indexOf('\n', from);
    return end < 0 ? this.#text.length : end;
  }

  #error(offset: number, message: string): Error {
    return stackFileError({ file: this.#file, offset }, [], message);
  }
}

function expandEscapes(text: string): string {
  return text.replace(ESCAPE, (match) => {
    const character = match[1] ?? '';
    return character === '0' ? String.fromCharCode(parseInt(match.slice(2), 8)) : (ESCAPED[character] ?? match);
  });
}

/** An unset variable in an env file is empty without a word, as in a shell. */
function ignoreUnset(): void {}
