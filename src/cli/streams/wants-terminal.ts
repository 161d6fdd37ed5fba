import type { CommandIo } from '../command-line/io.ts';
import { UsageError } from '../errors.ts';

/** Whether a command in a container gets a terminal: when ours is one, unless switched off. Asked for with a pipe instead, it is an error. */
export function wantsTerminal(
  io: Pick<CommandIo, 'stdin' | 'stdout'>,
  wish: { readonly isOff: boolean; readonly isAskedFor: boolean },
): boolean {
  if (wish.isOff) return false;
  const isTerminal = io.stdout.isTTY === true && io.stdin.isTTY === true;
  if (!isTerminal && wish.isAskedFor) throw new UsageError('the input device is not a TTY', 'leave -t out, or use -T');
  return isTerminal;
}
