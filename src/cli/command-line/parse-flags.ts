import { nearest } from '../../stack/suggest.ts';
import { UsageError } from '../errors.ts';
import type { Flag, FlagTable, FlagValues, RawValue } from './flag.ts';

export interface ParseOptions {
  /** For messages: `tsstack up`. */
  readonly command: string;
  /** Flags end at the first argument that is none: what follows belongs to somebody else. */
  readonly stopAtArgument: boolean;
}

export interface ParsedFlags {
  /** By long name; only flags that were given. */
  readonly given: ReadonlyMap<string, RawValue>;
  readonly arguments: readonly string[];
  /** True when `-h` or `--help` stood among the flags. */
  readonly help: boolean;
}

interface NamedFlag extends Flag {
  readonly name: string;
}

/**
 * Reads flags the way docker's tools do: `--name value`, `--name=value`, `--bool`, `--bool=false`, `-n value`, `-nvalue`, `-n=value`,
 * `-abc`, `--` ends them. Of two tables that know a flag the first one wins.
 */
export function parseFlags(argv: readonly string[], tables: readonly FlagTable[], options: ParseOptions): ParsedFlags {
  return new FlagParser(tables, options).parse(argv);
}

/** Values of a whole table, with the defaults of flags that were not given. */
export function valuesOf<Table extends FlagTable>(
  table: Table,
  given: ReadonlyMap<string, RawValue>,
): FlagValues<Table> {
  const entries = Object.entries(table).map(([name, flag]) => [name, given.get(name) ?? defaultOf(flag)]);
  return Object.fromEntries(entries) as FlagValues<Table>;
}

function defaultOf(flag: Flag): RawValue | undefined {
  if (flag.type === 'boolean') return flag.default ?? false;
  return flag.type === 'strings' ? [] : undefined;
}

class FlagParser {
  readonly #byName = new Map<string, NamedFlag>();
  readonly #byShort = new Map<string, NamedFlag>();
  readonly #options: ParseOptions;
  readonly #given = new Map<string, RawValue>();
  #argv: readonly string[] = [];
  #position = 0;
  #help = false;

  constructor(tables: readonly FlagTable[], options: ParseOptions) {
    this.#options = options;
    for (const table of tables) {
      for (const [name, flag] of Object.entries(table)) {
        if (!this.#byName.has(name)) this.#byName.set(name, { ...flag, name });
        if (flag.short !== undefined && !this.#byShort.has(flag.short))
          this.#byShort.set(flag.short, { ...flag, name });
      }
    }
  }

  parse(argv: readonly string[]): ParsedFlags {
    this.#argv = argv;
    const positional: string[] = [];
    while (this.#position < argv.length) {
      const word = argv[this.#position] ?? '';
      this.#position += 1;
      if (word === '--') {
        positional.push(...argv.slice(this.#position));
        break;
      }
      if (word.startsWith('--')) this.#long(word);
      else if (word.startsWith('-') && word !== '-') this.#shorts(word);
      else {
        positional.push(word);
        if (!this.#options.stopAtArgument) continue;
        positional.push(...argv.slice(this.#position));
        break;
      }
    }
    return { given: this.#given, arguments: positional, help: this.#help };
  }

  #long(word: string): void {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
    const flag = this.#byName.get(name);
    if (flag !== undefined) return this.#take(flag, `--${name}`, equals < 0 ? undefined : word.slice(equals + 1));
    if (name !== 'help') throw this.#unknown(`--${name}`, name);
    this.#help = true;
  }

  #shorts(word: string): void {
    for (let index = 1; index < word.length; index += 1) {
      const short = word.charAt(index);
      const flag = this.#byShort.get(short);
      if (flag === undefined) {
        if (short !== 'h') throw this.#unknown(`-${short}`, short);
        this.#help = true;
        continue;
      }
      const rest = word.slice(index + 1);
      if (flag.type === 'boolean' && !rest.startsWith('=')) {
        this.#take(flag, `-${short}`, undefined);
        continue;
      }
      return this.#take(flag, `-${short}`, rest === '' ? undefined : rest.replace(/^=/, ''));
    }
  }

  /** `shown` is the flag as it was written, `attached` what stood in the same word. */
  #take(flag: NamedFlag, shown: string, attached: string | undefined): void {
    if (flag.unsupported !== undefined) {
      throw new UsageError(`${shown} is not supported yet`, flag.unsupported === '' ? undefined : flag.unsupported);
    }
    if (flag.type === 'boolean') return this.#put(flag, readBoolean(shown, attached ?? 'true'));
    const text = attached ?? this.#next(flag, shown);
    if (flag.choices !== undefined && !flag.choices.includes(text)) {
      throw new UsageError(`invalid value "${text}" for ${shown}`, `it takes ${flag.choices.join(', ')}`);
    }
    this.#put(flag, flag.type === 'integer' ? readInteger(shown, text) : text);
  }

  #next(flag: NamedFlag, shown: string): string {
    const text = this.#argv[this.#position];
    if (text === undefined) {
      throw new UsageError(
        `flag ${shown} needs a value`,
        `write ${shown} ${flag.value ?? 'VALUE'}; ${this.#seeHelp()}`,
      );
    }
    this.#position += 1;
    return text;
  }

  #put(flag: NamedFlag, value: boolean | string | number): void {
    const before = this.#given.get(flag.name);
    const isList = flag.type === 'strings';
    this.#given.set(
      flag.name,
      isList ? [...(Array.isArray(before) ? (before as string[]) : []), String(value)] : value,
    );
  }

  #unknown(shown: string, name: string): UsageError {
    const names = [...this.#byName.values()].filter(({ hidden }) => hidden !== true).map((flag) => flag.name);
    const near = name.length > 1 ? nearest(name, names) : undefined;
    return new UsageError(`unknown flag ${shown}`, near === undefined ? this.#seeHelp() : `did you mean --${near}?`);
  }

  #seeHelp(): string {
    return `see \`${this.#options.command} --help\``;
  }
}

function readBoolean(shown: string, text: string): boolean {
  if (['true', 't', '1', 'TRUE', 'True', 'T'].includes(text)) return true;
  if (['false', 'f', '0', 'FALSE', 'False', 'F'].includes(text)) return false;
  throw new UsageError(`invalid value "${text}" for ${shown}`, 'it takes true or false');
}

function readInteger(shown: string, text: string): number {
  if (!/^-?\d+$/.test(text)) throw new UsageError(`invalid value "${text}" for ${shown}`, 'it takes a whole number');
  return Number(text);
}
