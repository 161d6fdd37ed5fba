import { TsstackError, type ErrorCode } from '../../model/errors.ts';
import { isCut } from '../connection/steady-connection.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { showError } from '../output/show-error.ts';

/** What shells answer when they cannot run a command. */
const exitCodes: Partial<Readonly<Record<ErrorCode, number>>> = { 'not-found': 127, permission: 126 };

/** What became of a command whose daemon, or host, has ended. */
export function explainCut(containerName: string, error: unknown): unknown {
  if (!isCut(error)) return error;
  return new TsstackError('unavailable', `the session in ${containerName} is cut off: ${(error as Error).message}`, {
    cause: error,
    retryable: true,
    hint: 'the daemon or the host has ended, or the network between; the container runs on, the command in it was ended with the session. Run it again, with --detach if it is to outlive that',
  });
}

/** Runs a session; a command that does not exist or may not be executed is told and becomes the exit code that a shell gives. */
export async function withCommandExitCodes(
  context: Pick<CommandContext, 'io' | 'globals'>,
  session: () => Promise<number>,
): Promise<number> {
  try {
    return await session();
  } catch (error) {
    const code = error instanceof TsstackError ? exitCodes[error.code] : undefined;
    if (code === undefined) throw error;
    await showError(context, error as Error);
    return code;
  }
}
