import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const native = join(import.meta.dirname, '../../native');

/** Which build of the native programs the tests run: `npm test` takes those of native/build and of native/build-asan. */
const directory = resolve(native, '..', process.env['TSSTACK_NATIVE_BUILD'] ?? 'native/build');

/** True when the programs are larger, slower, and linked dynamically because they carry sanitizers. */
export const hasSanitizers = directory.endsWith('-asan');

/** The goals of native/Makefile that tests need, and the directories where their results are. */
const goals = {
  tests: 'build',
  bench: 'build',
  faults: 'build',
  asan: 'build-asan',
  memcheck: 'build-memcheck',
} as const;

/** Builds one goal of native/Makefile, as far as it is not up to date, and gives the directory of the results. Tests beside each other do so one after the other. */
export function makeNative(goal: keyof typeof goals): string {
  const make = ['make', '-s', '-j2', '-C', native, goal];
  const { status, stdout, stderr } = spawnSync('flock', [native, ...make], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`make ${goal} in ${native} failed:\n${stdout}${stderr}`);
  return join(native, goals[goal]);
}

/** Names of the C tests, or of the fuzz targets that have seeds. */
export function nativeNames(kind: 'tests' | 'fuzz targets'): readonly string[] {
  const found = kind === 'tests' ? globSync(join(native, 'tests/*.c')) : globSync(join(native, 'fuzz/corpus/*'));
  return found.map((path) => basename(path, '.c')).toSorted();
}

/** Directory of the seeds and of the former findings of a fuzz target. */
export function fuzzCorpus(target: string): string {
  return join(native, 'fuzz/corpus', target);
}

/** Path of one native program of the build under test. */
export function nativeProgram(name: 'box' | 'shim' | 'init' | 'net' | 'layer'): string {
  return join(directory, `tsstack-${name}`);
}

/** Copies a program into the root of a container, with the libraries that it may need there. */
export function installProgram(program: string, containerRoot: string, path: string): void {
  copyFileSync(program, join(containerRoot, path));
  if (!hasSanitizers) return;
  for (const [, library = ''] of execFileSync('ldd', [program], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)) {
    mkdirSync(join(containerRoot, dirname(library)), { recursive: true });
    copyFileSync(library, join(containerRoot, library));
  }
}
