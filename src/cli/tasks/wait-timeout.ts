import { TsstackError } from '../../model/errors.ts';

// setTimeout takes at most 2^31-1 ms; without --wait-timeout nobody waits as long.
const foreverMs = 2_147_483_647;

/** Runs `work` with a signal that ends it after --wait-timeout seconds; then the error says so. */
export async function withWaitTimeout<Result>(
  seconds: number | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const signal = AbortSignal.timeout(seconds === undefined || seconds <= 0 ? foreverMs : seconds * 1000);
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
