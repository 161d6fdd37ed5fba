import { readFileSync, writeFileSync } from 'node:fs';

/** shim.json: what a shim is to do (docs/native.md, section 2). Field names and order are those of native/shim/options.c. */
export interface ShimConfig {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  readonly bundle: string;
  readonly socket: string;
  readonly stateFile: string;
  readonly autostart: boolean;
  /** Program of another OCI runtime; null = libbox, in the shim. */
  readonly runtime: string | null;
  readonly rootfs: ShimRootfs;
  readonly cgroup: string;
  readonly restart: {
    readonly policy: string;
    readonly maxRetries: number;
    readonly backoffInitialMs: number;
    readonly backoffCapMs: number;
    readonly resetAfterMs: number;
    readonly windowMs: number;
  };
  readonly stop: { readonly signal: string; readonly graceMs: number };
  readonly stdin: boolean;
  readonly log: {
    readonly path: string;
    readonly driver: 'file' | 'none';
    readonly maxBytes: number;
    readonly maxFiles: number;
    readonly compress: boolean;
    readonly mode: 'blocking' | 'non-blocking';
    readonly maxBufferBytes: number;
    readonly forward: ShimForward | null;
  };
}

/** What a logging service gets of each record: the head of the stream, the time, the infix, the text. */
export interface ShimForward {
  readonly socket: string | null;
  readonly host: string | null;
  readonly port: number;
  /** TCP to the host, a line for each record; else datagrams. */
  readonly isStream: boolean;
  readonly stdoutHead: string;
  readonly stderrHead: string;
  readonly time: 'none' | 'stamp' | 'seconds' | 'microseconds';
  readonly infix: string;
  readonly isJournal: boolean;
}

export interface ShimRootfs {
  /** Where the layers with short names are; null when all have absolute ones. */
  readonly directory: string | null;
  /** Topmost first. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly mapIds: boolean;
}

export function writeShimConfig(path: string, config: ShimConfig): void {
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
}

/** The shim.json that this daemon or an earlier one has written. */
export function readShimConfig(path: string): ShimConfig {
  return JSON.parse(readFileSync(path, 'utf8')) as ShimConfig;
}
