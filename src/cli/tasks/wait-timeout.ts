import { TsstackError } from '../../model/errors.ts';
import { longestTimerMs } from '../../model/timer.ts';

/** Runs `work` with a signal that ends it after --wait-timeout seconds; then the error says so. */
export async function withWaitTimeout<Result>(
  seconds: number | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  // Nobody waits for as long as a timer can last.
  const isForEver = seconds === undefined || seconds <= 0;
  const signal = AbortSignal.timeout(isForEver ? longestTimerMs : Math.min(seconds * 1000, longestTimerMs));
  try {
    return await work(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new TsstackError('timeout', `application not healthy after ${seconds ?? 0}s`, {
      cause: error,
      hint: 'see `tsstack ps` and `tsstack logs`',
    });
  }
}
