import type { Readable, Writable } from 'node:stream';
import type { FoundPath } from '../../../src/rpc/stream-kinds.ts';
import { answer, requireStream, spawnLayer } from './layer.ts';
import { NativeError } from './native-error.ts';
import type { ShimRootfs } from './shim-config.ts';

/** Whose files are meant. */
export type FileRoot =
  | { readonly kind: 'host' }
  | {
      readonly kind: 'running';
      /** Any process of the container that has its root. */
      readonly pid: number;
      /** A part of that process's cgroup path that no other container has. */
      readonly cgroup: string;
    }
  | {
      readonly kind: 'stopped';
      readonly rootfs: ShimRootfs;
      readonly isReadOnly: boolean;
      readonly binds: readonly { readonly source: string; readonly target: string; readonly isReadOnly: boolean }[];
    };

export const hostRoot: FileRoot = { kind: 'host' };

export interface PackOptions {
  readonly path: string;
  /** That it has in the archive. */
  readonly name: string;
  /** A link at the end of the path. */
  readonly follow: boolean;
}

export interface InsertOptions {
  /** Has to exist. */
  readonly directory: string;
  /** The one name in it that the archive may concern; `.` for any. */
  readonly name: string;
  /** Those of the archive; else all belongs to root, on the host to the user. */
  readonly keepOwners: boolean;
}

/** tsstack-layer's commands about files of containers, and of the host at the other end of a copy (docs/native.md, section 7). */
export class FileProgram {
  readonly #binary: string;

  constructor(binary: string) {
    this.#binary = binary;
  }

  async look(root: FileRoot, path: string, follow: boolean, signal: AbortSignal): Promise<FoundPath> {
    const args = ['look', ...rootArguments(root), '--path', path, ...linksArguments(follow)];
    try {
      return await answer<FoundPath>('look', spawnLayer(this.#binary, args, ['ignore', 'pipe', 'pipe'], signal));
    } catch (error) {
      if (error instanceof NativeError && isAbsent(error)) return { kind: 'missing', target: '' };
      throw error;
    }
  }

  /** The archive is whole only when the result has come. */
  pack(
    root: FileRoot,
    { path, name, follow }: PackOptions,
    signal: AbortSignal,
  ): { readonly archive: Readable; readonly result: Promise<unknown> } {
    const args = ['pack', ...rootArguments(root), '--path', path, '--name', name, ...linksArguments(follow)];
    const child = spawnLayer(this.#binary, args, ['ignore', 'pipe', 'pipe', 'pipe'], signal);
    const result = answer('pack', child);
    // It is asked for when the archive has been read.
    result.catch(() => undefined);
    return { archive: requireStream(child.stdio[3] as Readable | null), result };
  }

  /** Unpacks what is written to `input`. The result may come before everything is written. */
  insert(
    root: FileRoot,
    { directory, name, keepOwners }: InsertOptions,
    signal: AbortSignal,
  ): { readonly input: Writable; readonly result: Promise<unknown> } {
    const owners = keepOwners ? 'archive' : 'own';
    const args = ['insert', ...rootArguments(root), '--path', directory, '--name', name, '--owners', owners];
    const child = spawnLayer(this.#binary, args, ['pipe', 'pipe', 'pipe'], signal);
    const input = requireStream(child.stdin);
    // A program that fails closes its end; why it failed is in its answer.
    input.on('error', () => undefined);
    return { input, result: answer('insert', child) };
  }
}

/** Below a file nothing is, either. */
function isAbsent(error: NativeError): boolean {
  return error.errno === 'ENOENT' || error.errno === 'ENOTDIR';
}

function linksArguments(follow: boolean): string[] {
  return ['--links', follow ? 'follow' : 'keep'];
}

function rootArguments(root: FileRoot): string[] {
  switch (root.kind) {
    case 'host':
      return [];
    case 'running':
      return ['--pid', String(root.pid), '--cgroup', root.cgroup];
    case 'stopped': {
      const { directory, lower, upper, work } = root.rootfs;
      const access = (isReadOnly: boolean): string => (isReadOnly ? 'ro' : 'rw');
      return [
        ...(directory === null ? [] : ['--directory', directory]),
        ...lower.flatMap((layer) => ['--layer', layer]),
        '--upper',
        upper,
        '--work',
        work,
        '--root',
        access(root.isReadOnly),
        ...root.binds.flatMap(({ source, target, isReadOnly }) => [
          '--bind',
          source,
          '--at',
          `${access(isReadOnly)}:${target}`,
        ]),
      ];
    }
  }
}
