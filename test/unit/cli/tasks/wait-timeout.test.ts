import assert from 'node:assert/strict';
import { withWaitTimeout } from '../../../../src/cli/tasks/wait-timeout.ts';

describe('--wait-timeout', () => {
  /** Fails with the signal's reason when that aborts. */
  const aborted = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      const fail = (): void => reject(signal.reason as Error);
      signal.addEventListener('abort', fail, { once: true });
    });

  it('ends what takes longer, and says so', async () => {
    await assert.rejects(withWaitTimeout(0.01, aborted), { code: 'timeout', message: /not healthy after 0.01s/ });
  });

  it('may be longer than a timer of Node can last', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    try {
      // Warnings are told in the next turn.
      await withWaitTimeout(9_999_999, () => new Promise(setImmediate));
    } finally {
      process.off('warning', note);
    }
    assert.deepEqual(warnings, []);
  });
});
