import type { CommandIo } from '../command-line/io.ts';

/** Things to look at that are no failure, one line each. */
export function writeWarnings(io: Pick<CommandIo, 'stderr'>, warnings: readonly string[]): void {
  for (const warning of warnings) io.stderr.write(`warning: ${warning}\n`);
}
