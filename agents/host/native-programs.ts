import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface NativePrograms {
  readonly shim: string;
  readonly init: string;
  readonly net: string;
  readonly layer: string;
}

/** Finds the native programs below the project's root, which is the same whether this runs from the sources or from the bundle. */
export function findNativePrograms(from: string = import.meta.dirname): NativePrograms {
  const build = join(findProjectRoot(from), 'native/build');
  return {
    shim: join(build, 'tsstack-shim'),
    init: join(build, 'tsstack-init'),
    net: join(build, 'tsstack-net'),
    layer: join(build, 'tsstack-layer'),
  };
}

/** The directory of package.json. */
export function findProjectRoot(from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (directory === dirname(directory)) throw new Error(`no package.json above ${from}`);
  }
}
