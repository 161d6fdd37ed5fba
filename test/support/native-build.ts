import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Which build of the native programs the tests run; `npm test` takes those of native/ through `native/build-asan`, too. */
const directory = resolve(root, process.env['TSSTACK_NATIVE_BUILD'] ?? 'native/build');

/** True when the programs are larger, slower, and linked dynamically because they carry sanitizers. */
export const hasSanitizers = directory.endsWith('-asan');

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
