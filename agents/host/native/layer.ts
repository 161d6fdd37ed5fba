import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TsstackError } from '../../../src/model/errors.ts';
import { NativeError } from './native-error.ts';
import type { NativeErrorObject } from './native-error.ts';
import { ProgramError } from './program-error.ts';
import { layerArguments } from './relative-layers.ts';

/** What became of one layer archive (docs/native.md, section 7). */
export interface UnpackResult {
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
  /** Of the uncompressed archive. */
  readonly archiveBytes: number;
  /** Content of its files. */
  readonly bytes: number;
  readonly entries: number;
  readonly skippedXattrs: number;
  readonly implicitDirectories: readonly string[];
}

export interface TreeSize {
  readonly bytes: number;
  readonly entries: number;
}

export interface UnpackOptions {
  /** New directory; removed again when anything fails. */
  readonly to: string;
  /** Null when it is not known beforehand. */
  readonly diffId: string | null;
  /** More than these, uncompressed, are refused; null = any number. */
  readonly maxBytes: number | null;
  readonly signal: AbortSignal;
}

export interface CopyOptions {
  /** Layers of the image, topmost first, absolute. */
  readonly layers: readonly string[];
  /** Path in the image. */
  readonly from: string;
  /** Existing directory on the host. */
  readonly to: string;
  /** Added to all owners; 0 keeps them. */
  readonly firstId: number;
}

/** tsstack-layer ended without an answer. */
class LayerProgramError extends TsstackError {
  constructor(command: string, problem: string) {
    super('internal', `run tsstack-layer ${command}: ${problem}`);
  }
}

/** Longer argument lists are split; the kernel takes at least 128 KiB. */
const pathsPerCall = 200;

/** tsstack-layer: one process per call. */
export class LayerProgram {
  readonly #binary: string;

  constructor(binary: string) {
    this.#binary = binary;
  }

  /** Unpacks what is written to `input`. The result rejects as soon as the archive is found to be bad, with `input` still open. */
  unpackStream(options: UnpackOptions): { readonly input: Writable; readonly result: Promise<UnpackResult> } {
    const child = this.#spawn('unpack', unpackArguments(options), ['pipe', 'pipe', 'pipe'], options.signal);
    const input = requireStream(child.stdin);
    // A program that fails closes its end; why it failed is in its answer.
    input.on('error', () => undefined);
    return { input, result: answer<UnpackResult>('unpack', child) };
  }

  async unpackFile(path: string, options: UnpackOptions): Promise<UnpackResult> {
    await using file = await open(path);
    const child = this.#spawn('unpack', unpackArguments(options), [file.fd, 'pipe', 'pipe'], options.signal);
    return await answer<UnpackResult>('unpack', child);
  }

  /** Gives directories that a layer does not describe the metadata that they have in the layers below (topmost first). */
  async adoptParents(layer: string, paths: readonly string[], below: readonly string[]): Promise<void> {
    const args = ['--to', layer, ...below.flatMap((lower) => ['--layer', lower])];
    const child = this.#spawn('parents', args, ['pipe', 'pipe', 'pipe'], null);
    const input = requireStream(child.stdin);
    input.on('error', () => undefined);
    input.end(JSON.stringify(paths));
    await answer('parents', child);
  }

  /** Copies a directory of an image with everything. A NativeError `not-found` when the image has no such path. */
  copy({ layers, from, to, firstId }: CopyOptions): Promise<TreeSize> {
    const named = ['--from', from, '--first-id', String(firstId), ...layerArguments(layers)];
    return this.#run<TreeSize>('copy', ['--to', to, ...named]);
  }

  /** Removes trees, never crossing a mount. What does not exist is fine. */
  async remove(paths: readonly string[]): Promise<void> {
    for (let start = 0; start < paths.length; start += pathsPerCall) {
      await this.#run('remove', ['--', ...paths.slice(start, start + pathsPerCall)]);
    }
  }

  /** Makes directories one project of their file system, which may take so many bytes; `lock` is held meanwhile. */
  async limit(lock: string, directories: readonly string[], bytes: number): Promise<void> {
    await this.#run('limit', ['--lock', lock, '--bytes', String(bytes), '--', ...directories]);
  }

  /** Labels files and trees for SELinux; file systems without labels stay as they are. */
  async label(label: string, paths: readonly string[]): Promise<void> {
    await this.#run('label', ['--label', label, '--', ...paths]);
  }

  /** The same, but for those that have it. */
  async labelOnce(label: string, paths: readonly string[]): Promise<void> {
    await this.#run('label-once', ['--label', label, '--', ...paths]);
  }

  /** Waits until everything on the directory's file system is on the disk. */
  async sync(directory: string): Promise<void> {
    await this.#run('sync', [directory]);
  }

  #run<T>(command: string, args: readonly string[]): Promise<T> {
    return runLayer<T>(this.#binary, command, args);
  }

  #spawn(command: string, args: readonly string[], stdio: StdioOptions, signal: AbortSignal | null): ChildProcess {
    return spawnLayer(this.#binary, [command, ...args], stdio, signal);
  }
}

/** Runs one command of tsstack-layer that reads nothing; killed when the signal is aborted. */
export function runLayer<T>(
  binary: string,
  command: string,
  args: readonly string[],
  signal: AbortSignal | null = null,
): Promise<T> {
  return answer<T>(command, spawnLayer(binary, [command, ...args], ['ignore', 'pipe', 'pipe'], signal));
}

/** Starts one command of tsstack-layer, whose answer is to be waited for. */
export function spawnLayer(
  binary: string,
  argv: readonly string[],
  stdio: StdioOptions,
  signal: AbortSignal | null,
): ChildProcess {
  signal?.throwIfAborted();
  // SIGKILL, because nothing of the program needs to end in order: the caller removes the directory.
  const abort = signal === null ? {} : { signal, killSignal: 'SIGKILL' as const };
  return spawn(binary, argv, { stdio, ...abort });
}

function unpackArguments({ to, diffId, maxBytes }: UnpackOptions): string[] {
  const limit = maxBytes === null ? [] : ['--max-bytes', String(maxBytes)];
  return ['--to', to, ...(diffId === null ? [] : ['--diff-id', diffId]), ...limit];
}

/** A pipe that the process was started with. */
export function requireStream<T extends Readable | Writable>(stream: T | null): T {
  if (stream === null) throw new Error('a child process has no pipe');
  return stream;
}

/** The program's one line of JSON, or its error. Settles when the process has ended, also when it was aborted. */
export async function answer<T>(command: string, child: ChildProcess): Promise<T> {
  const ended = new Promise<{ readonly end: string; readonly failure: NodeJS.ErrnoException | null }>((resolve) => {
    let failure: NodeJS.ErrnoException | null = null;
    child.on('error', (error) => (failure = error));
    child.on('close', (code, signal) => resolve({ end: signal ?? `exit status ${code}`, failure }));
  });
  const [stdout, stderr, { end, failure }] = await Promise.all([
    text(requireStream(child.stdout)),
    text(requireStream(child.stderr)),
    ended,
  ]);
  if (failure?.name === 'AbortError') throw failure;
  if (failure !== null) throw new ProgramError(child.spawnfile, failure.code ?? '', failure);
  const line = stdout.trim();
  if (line === '') throw new LayerProgramError(command, `${end}; ${stderr.trim().slice(-500)}`);
  const reply = JSON.parse(line) as T & { readonly error?: NativeErrorObject };
  if (reply.error !== undefined) throw new NativeError(reply.error);
  return reply;
}
