import { join, resolve } from 'node:path';
import { parseDotenv } from '../dotenv/parse-dotenv.ts';
import { stackFileError } from '../errors.ts';
import type { StackFileSystem } from '../file-system.ts';
import { readText } from '../read-text.ts';

/** Variables of the process; absent or undefined = unset. */
export type ProcessEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The variables that a project sees: the process's, then those of its env files. Without env files given, `.env` of the
 * working directory and then of the project directory, the first one winning.
 */
export class ProjectEnvironment {
  readonly #process: ProcessEnvironment;
  readonly #fileSystem: StackFileSystem;
  readonly #values = new Map<string, string>();
  readonly #explicitFiles: readonly string[] | null;
  /** Env files that were read, absolute. */
  readonly files: string[] = [];

  /** @param envFiles of the command line, relative to `cwd` */
  constructor(process: ProcessEnvironment, fileSystem: StackFileSystem, cwd: string, envFiles: readonly string[]) {
    this.#process = process;
    this.#fileSystem = fileSystem;
    const fromVariable = (process['COMPOSE_ENV_FILES'] ?? '').split(',').filter((name) => name !== '');
    const named = envFiles.length > 0 ? envFiles : fromVariable;
    this.#explicitFiles = named.length > 0 ? named : null;
    for (const name of this.#explicitFiles ?? []) this.#readExplicit(resolve(cwd, name));
  }

  /** Reads the `.env` of a directory, unless env files were named or it is turned off. */
  readDefaultFile(directory: string): void {
    if (this.#explicitFiles !== null || isTrue(this.#process['COMPOSE_DISABLE_ENV_FILE'])) return;
    const path = join(directory, '.env');
    if (this.files.includes(path) || this.#fileSystem.kindOf(path) !== 'file') return;
    const earlier = new Map(this.#values);
    this.#read(path);
    for (const [key, value] of earlier) this.#values.set(key, value);
  }

  readonly lookup = (name: string): string | undefined => this.#process[name] ?? this.#values.get(name);

  /** Sets what the loader itself knows, over everything. */
  with(name: string, value: string): (name: string) => string | undefined {
    return (asked) => (asked === name ? value : this.lookup(asked));
  }

  /** Every variable, sorted by name. */
  entries(): [string, string][] {
    const all = new Map(this.#values);
    for (const [key, value] of Object.entries(this.#process)) if (value !== undefined) all.set(key, value);
    return [...all].sort(([first], [second]) => (first < second ? -1 : 1));
  }

  #readExplicit(path: string): void {
    const kind = this.#fileSystem.kindOf(path);
    if (kind === 'missing') throw stackFileError(null, [], `env file ${path} not found`);
    if (kind === 'directory') throw stackFileError(null, [], `env file ${path} is a directory`);
    this.#read(path);
  }

  #read(path: string): void {
    this.files.push(path);
    const lookup = (name: string): string | undefined => this.#process[name];
    parseDotenv(path, readText(this.#fileSystem, path, null), lookup, this.#values);
  }
}

/** Booleans of the environment as the reference reads them. */
function isTrue(value: string | undefined): boolean {
  return /^(1|t|true|y|yes|on)$/i.test(value ?? '');
}
