import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** Longest time that one command of an engine may take, in milliseconds. */
const commandTimeoutMs = 120_000;

export interface EngineResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container engine of others that runs its containers with tsstack-box, and `busybox:test` loaded. */
export interface Engine {
  /** Whether it can tell that the kernel killed a container for its memory, on this host, whatever the runtime. */
  readonly seesOomKills: boolean;
  /** Exit code of its `exec` for a program that is not there, whatever the runtime. */
  readonly missingInExec: number;
  /** What `run` needs so that the container is made by the box. */
  readonly runOptions: readonly string[];
  /** Runs its client to the end. */
  client(...args: readonly string[]): Promise<EngineResult>;
  /** The specs (config.json) of its containers that run. */
  specs(): readonly string[];
  /** What it and the box have left of containers that are gone; empty when all is well. */
  leftovers(): readonly string[];
  /** Ends it and removes what it made. */
  dispose(): Promise<void>;
}

/** Runs a program to its end. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
): Promise<EngineResult> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: commandTimeoutMs,
    killSignal: 'SIGKILL',
  });
  const [stdout, stderr, [code]] = (await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])) as [string, string, [number | null]];
  return { code, stdout, stderr };
}
