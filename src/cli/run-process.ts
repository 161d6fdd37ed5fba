import { processIo, type OutputStream } from './command-line/io.ts';
import { interruptedExitCode } from './interrupts.ts';
import { runCommandLine } from './run-command-line.ts';

/** What a shell reports of a program that wrote into a closed pipe. */
const brokenPipeExitCode = 141;

/** Runs one command as this process and ends it: connections that still stand must not hold the shell's prompt back. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(brokenPipeExitCode);
      throw error;
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Verbs that end in a way of their own listen too; for all others the daemon goes on alone with what was asked of it.
    process.on(signal, () => void (process.listenerCount(signal) === 1 && process.exit(interruptedExitCode)));
  }
  const exitCode = await runCommandLine(argv, processIo());
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(exitCode);
}

function flush(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
