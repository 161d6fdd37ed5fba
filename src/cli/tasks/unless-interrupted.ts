import type { CommandIo } from '../command-line/io.ts';
import { ExitError } from '../errors.ts';
import { interruptedExitCode, Interrupts } from '../interrupts.ts';
import type { Progress } from '../output/progress/progress-event.ts';

/** What becomes of what was asked for when a command ends before that is done. */
export const goesOn = 'Interrupted: what was asked for goes on; `tsstack ps -a` shows how far it is';

/** Watches what the daemon does with what it was asked for; who gives up waiting is told that it goes on. Rejects with ExitError then. */
export async function unlessInterrupted(
  io: Pick<CommandIo, 'onSignal'>,
  progress: Progress,
  follow: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupts = new Interrupts(io);
  try {
    await follow(interrupts.first);
  } catch (error) {
    if (!interrupts.first.aborted) throw error;
    progress.line(goesOn);
    throw new ExitError(interruptedExitCode);
  } finally {
    interrupts.close();
  }
}
