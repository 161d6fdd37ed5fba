import { TsstackError, type ErrorCode } from '../../model/errors.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { showError } from '../output/show-error.ts';

/** What shells answer when they cannot run a command. */
const exitCodes: Partial<Readonly<Record<ErrorCode, number>>> = { 'not-found': 127, permission: 126 };

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
