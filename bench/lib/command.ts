import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program with its arguments, to be run in `cwd` with `env` on top of this process's environment. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What a command did. Output is kept up to 1 MiB a stream, the count of bytes is exact. */
export interface Outcome {
  readonly milliseconds: number;
  readonly stdout: string;
  readonly stdoutBytes: number;
}

const keptBytes = 1024 * 1024;

/** Runs a command to its end and times it; throws with its standard error when it fails or takes longer than `deadlineMs`. */
export async function run(command: Command, deadlineMs = 300_000): Promise<Outcome> {
  const [program = '', ...args] = command.argv;
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(deadlineMs),
  });
  let stdoutBytes = 0;
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    if (stdoutBytes < keptBytes) stdout.push(chunk);
    stdoutBytes += chunk.length;
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  const milliseconds = performance.now() - started;
  if (code !== 0) {
    throw new Error(
      `${command.argv.join(' ')} ended with ${String(code)}: ${Buffer.concat(stderr).toString().slice(-2000)}`,
    );
  }
  return { milliseconds, stdout: Buffer.concat(stdout).toString(), stdoutBytes };
}
