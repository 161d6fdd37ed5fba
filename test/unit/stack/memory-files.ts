import { join } from 'node:path';
import {
  loadStack,
  StackFileError,
  type LoadedStack,
  type LoadOptions,
  type Problem,
} from '../../../src/stack/index.ts';
import type { StackFileSystem } from '../../../src/stack/file-system.ts';

/** The directory that the files of a test lie in. */
export const DIRECTORY = '/project';

export type Files = Readonly<Record<string, string>>;

/** Files in memory, by path relative to DIRECTORY or absolute; their folders exist. */
export function memoryFiles(files: Files): StackFileSystem {
  const texts = new Map(
    Object.entries(files).map(([path, text]) => [join(path.startsWith('/') ? '/' : DIRECTORY, path), text]),
  );
  return {
    readText(path) {
      const text = texts.get(path);
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
    kindOf(path) {
      if (texts.has(path)) return 'file';
      return [...texts.keys()].some((file) => file.startsWith(`${path}/`)) ? 'directory' : 'missing';
    },
    readStandardInput: () => texts.get('/-') ?? '',
  };
}

/** Loads a stack from files in memory; a single text is `compose.yaml`. */
export function load(files: Files | string, options: Partial<LoadOptions> = {}): LoadedStack {
  const all = typeof files === 'string' ? { 'compose.yaml': files } : files;
  return loadStack({ cwd: DIRECTORY, env: { HOME: '/home/me' }, fileSystem: memoryFiles(all), ...options });
}

/** The problems that loading finds; fails when it finds none. */
export function problemsOf(files: Files | string, options: Partial<LoadOptions> = {}): readonly Problem[] {
  try {
    load(files, options);
  } catch (error) {
    if (error instanceof StackFileError) return error.problems;
    throw error;
  }
  throw new Error('loading succeeded, though it should not have');
}

/** `line:column path: message (hint)` of each error. */
export function errorLines(files: Files | string, options: Partial<LoadOptions> = {}): string[] {
  return problemsOf(files, options)
    .filter((problem) => problem.severity === 'error')
    .map(({ line, column, path, message, hint }) => {
      return `${line}:${column} ${path}: ${message}${hint === null ? '' : ` (${hint})`}`;
    });
}
