import { processIo, type OutputStream } from './command-line/io.ts';
import { interruptedExitCode } from './interrupts.ts';
import { runCommandLine } from './run-command-line.ts';
import { systemReason } from '../model/system-error.ts';

/** What a shell reports of a program that wrote into a closed pipe. */
const brokenPipeExitCode = 141;

/** Runs one command as this process and ends it: connections that still stand must not hold the shell's prompt back. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => endUnwritten(stream, error));
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // Verbs that end in a way of their own listen too; for all others the daemon goes on alone with what was asked of it.
    process.on(signal, () => void (process.listenerCount(signal) === 1 && process.exit(interruptedExitCode)));
  }
  const exitCode = await runCommandLine(argv, processIo());
  await Promise.all([flush(process.stdout), flush(process.stderr)]);
  process.exit(exitCode);
}

/** Ends a command whose output cannot be written: on a disk that is full, where nobody reads any more. */
function endUnwritten(stream: OutputStream, error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(brokenPipeExitCode);
  // What failed may be both, as in `>FILE 2>&1`: then the exit code alone tells.
  if (stream === process.stdout) process.stderr.write(`error: write standard output: ${systemReason(error)}\n`);
  process.exit(1);
}

function flush(stream: OutputStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
