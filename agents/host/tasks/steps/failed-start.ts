import { describeError } from '../../errors.ts';
import { isRefusal } from '../refusal.ts';
import type { ShimState } from '../shim.ts';

/** Exit codes of programs that could not be started, as shells report them. */
const exitCodes: Readonly<Record<string, number>> = { 'exec-not-found': 127, 'exec-not-executable': 126 };

/** Exit code that a failed start stands for; null when the failure was not the program's. */
export function exitCodeOf(error: unknown): number | null {
  return isRefusal(error) ? (exitCodes[error.nativeCode] ?? null) : null;
}

/** The end of a container whose program could not be started and whose shim has gone again. */
export function failedStart(error: unknown): ShimState {
  const now = new Date().toISOString();
  const { code, message } = describeError(error);
  return {
    id: '',
    seq: 0,
    phase: 'exited',
    pid: null,
    shimPid: 0,
    createdAt: now,
    startedAt: null,
    finishedAt: now,
    exitCode: exitCodeOf(error),
    signal: null,
    oomKilled: false,
    restartCount: 0,
    nextRestartAt: null,
    error: { code, message },
    droppedLogLines: 0,
    runs: [],
  };
}
