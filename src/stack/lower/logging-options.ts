import type { TsstackError } from '../../model/errors.ts';
import type { ComposeLogging } from '../compose-types.ts';
import { didYouMean } from '../suggest.ts';
import { parseBytes } from '../units.ts';
import { invalidAt } from './errors.ts';

/** Options of a logging driver as strings, of which every one has to be understood. */
export class LoggingOptions {
  readonly #keys: readonly string[];
  readonly #driver: string;
  readonly #left: Map<string, string>;
  readonly #known = new Set<string>();

  /** `keys` from the root to the options. */
  constructor(keys: readonly string[], driver: string, options: ComposeLogging['options']) {
    this.#keys = keys;
    this.#driver = driver;
    this.#left = new Map(Object.entries(options ?? {}).map(([name, value]) => [name, value ?? '']));
  }

  take(name: string): string | undefined {
    this.#known.add(name);
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  choose<T>(name: string, choices: Readonly<Record<string, T>>, otherwise: T): T {
    const value = this.take(name);
    if (value === undefined) return otherwise;
    const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
    if (chosen !== undefined) return chosen;
    const names = Object.keys(choices);
    throw this.invalid(name, `"${value}" is none of ${names.join(', ')}`, didYouMean(value, names) ?? undefined);
  }

  /** A size in bytes, or null when there is none. */
  bytes(name: string): number | null {
    const text = this.take(name);
    if (text === undefined) return null;
    const size = parseBytes(text);
    if (size === undefined) throw this.invalid(name, `"${text}" is no size`, 'write it as 64m or 1.5g');
    return Number(size);
  }

  /** Names separated by commas. */
  list(name: string): readonly string[] {
    const names = (this.take(name) ?? '').split(',').map((part) => part.trim());
    return names.filter((part) => part !== '');
  }

  /** A regular expression. */
  pattern(name: string): string | null {
    const pattern = this.take(name);
    if (pattern === undefined || pattern === '') return null;
    try {
      RegExp(pattern, 'u').test('');
    } catch (error) {
      throw this.invalid(name, `"${pattern}" is no regular expression: ${(error as Error).message}`);
    }
    return pattern;
  }

  invalid(name: string, message: string, hint?: string): TsstackError {
    return invalidAt([...this.#keys, name], message, hint);
  }

  /** Refuses what nobody asked for. */
  end(): void {
    for (const name of this.#left.keys()) {
      const hint = didYouMean(name, this.#known) ?? `it has ${[...this.#known].join(', ') || 'none'}`;
      throw this.invalid(name, `is no option of logging driver ${this.#driver}`, hint);
    }
  }
}
