import { delimiter, dirname, join, resolve } from 'node:path';
import type { Diagnostics } from './diagnostics.ts';
import { stackFileError } from './errors.ts';
import type { StackFileSystem } from './file-system.ts';
import type { Lookup } from './interpolation/substitute.ts';

/** Names looked for in each directory, best first: tsstack's own before those of compose. */
const FILE_NAMES = [
  'stack.yaml',
  'stack.yml',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
] as const;

const OVERRIDE_NAMES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
] as const;

const STACK_OVERRIDE_NAMES = ['stack.override.yml', 'stack.override.yaml'] as const;

export interface DiscoveryOptions {
  readonly cwd: string;
  /** `-f`, relative to `cwd`; `-` is standard input. */
  readonly files: readonly string[];
  /** `--project-directory`, absolute; null = not given. */
  readonly projectDirectory: string | null;
  /** What to do where there is no file. Default: how to have one. */
  readonly hint?: string;
}

/** The stack files of a command, absolute, and the directory that relative paths start from. */
export interface Discovered {
  readonly files: readonly string[];
  readonly workingDir: string;
}

/** Finds the files: `-f`, else COMPOSE_FILE, else the nearest directory upwards that has one. */
export function discoverFiles(
  options: DiscoveryOptions,
  lookup: Lookup,
  fileSystem: StackFileSystem,
  diagnostics: Diagnostics,
): Discovered {
  const named = options.files.length > 0 ? options.files : filesOfVariable(lookup);
  const start = options.projectDirectory ?? options.cwd;
  const files =
    named.length > 0 ? named.map((name) => toPath(name, options.cwd)) : searchUpwards(start, fileSystem, diagnostics);
  const [first] = files;
  if (first === undefined) {
    const hint = options.hint ?? 'put a stack.yml there, or name the file with -f';
    throw stackFileError(null, [], `no stack file in ${start} or any directory above it`, hint);
  }
  const ownDirectory = first === '-' ? options.cwd : dirname(first);
  return { files, workingDir: options.projectDirectory ?? ownDirectory };
}

function filesOfVariable(lookup: Lookup): string[] {
  const separator = lookup('COMPOSE_PATH_SEPARATOR') || delimiter;
  return (lookup('COMPOSE_FILE') ?? '').split(separator).filter((name) => name !== '');
}

function toPath(name: string, cwd: string): string {
  if (name === '-') return name;
  if (/^(oci|https?|git|ssh):\/\/|^git@/.test(name)) {
    throw stackFileError(null, [], `${name}: remote stack files are not supported yet`, 'fetch it and name the copy');
  }
  return resolve(cwd, name);
}

function searchUpwards(start: string, fileSystem: StackFileSystem, diagnostics: Diagnostics): string[] {
  for (let directory = resolve(start); ; directory = dirname(directory)) {
    const found = FILE_NAMES.filter((name) => fileSystem.kindOf(join(directory, name)) === 'file');
    const [best] = found;
    if (best !== undefined) return withOverride(directory, best, found, fileSystem, diagnostics);
    if (dirname(directory) === directory) return [];
  }
}

function withOverride(
  directory: string,
  best: string,
  found: readonly string[],
  fileSystem: StackFileSystem,
  diagnostics: Diagnostics,
): string[] {
  if (found.length > 1) {
    diagnostics.warning(null, [], `several stack files in ${directory}: ${found.join(', ')}; using ${best}`);
  }
  const candidates = best.startsWith('stack.') ? STACK_OVERRIDE_NAMES : OVERRIDE_NAMES;
  const overrides = candidates.filter((name) => fileSystem.kindOf(join(directory, name)) === 'file');
  const [override] = overrides;
  if (overrides.length > 1) {
    diagnostics.warning(null, [], `several override files in ${directory}: ${overrides.join(', ')}; using ${override}`);
  }
  return override === undefined ? [join(directory, best)] : [join(directory, best), join(directory, override)];
}
