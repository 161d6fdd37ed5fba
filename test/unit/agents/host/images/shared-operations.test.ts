import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { SharedOperations } from '../../../../../agents/host/images/shared-operations.ts';

const quiet = { signal: undefined, listener: undefined };

/** Work that ends when the test says so, or with the abort. */
function controlledWork(): {
  work: (signal: AbortSignal) => Promise<number>;
  finish: (value: number) => void;
  starts: () => number;
} {
  const { promise, resolve } = Promise.withResolvers<number>();
  let started = 0;
  const work = (signal: AbortSignal): Promise<number> => {
    started += 1;
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
    return Promise.race([promise, aborted]);
  };
  return { work, finish: resolve, starts: () => started };
}

describe('shared operations', () => {
  it('does the work once for all who want it at the same time', async () => {
    const operations = new SharedOperations<number, string>();
    const { work, finish, starts } = controlledWork();
    const results = [operations.run('a', quiet, work), operations.run('a', quiet, work)];
    finish(7);
    assert.deepEqual(await Promise.all(results), [7, 7]);
    assert.equal(starts(), 1);
  });

  it('goes on for the others when one gives up', async () => {
    const operations = new SharedOperations<number, string>();
    const { work, finish } = controlledWork();
    const leaving = new AbortController();
    const left = operations.run('a', { ...quiet, signal: leaving.signal }, work);
    const stayed = operations.run('a', quiet, work);
    leaving.abort();
    await assert.rejects(left, { name: 'AbortError' });
    finish(1);
    assert.equal(await stayed, 1);
  });

  it('stops when nobody waits any more, and starts again for the next', async () => {
    const operations = new SharedOperations<number, string>();
    const { work, starts } = controlledWork();
    const leaving = new AbortController();
    const left = operations.run('a', { ...quiet, signal: leaving.signal }, work);
    // The work begins in a later turn; an abort before that would leave nothing to see.
    await Promise.resolve();
    leaving.abort();
    await assert.rejects(left, { name: 'AbortError' });
    assert.equal(await operations.run('a', quiet, () => Promise.resolve(2)), 2);
    assert.equal(starts(), 1);
  });

  it('tells events to everybody who listens at that time', async () => {
    const operations = new SharedOperations<number, string>();
    const heard: string[] = [];
    const listen = (name: string): { signal: undefined; listener: (event: string) => void } => ({
      signal: undefined,
      listener: (event) => heard.push(`${name}:${event}`),
    });
    const work = (_signal: AbortSignal, report: (event: string) => void): Promise<number> => {
      report('x');
      return Promise.resolve(1);
    };
    await Promise.all([operations.run('a', listen('1'), work), operations.run('a', listen('2'), work)]);
    assert.deepEqual(heard, ['1:x', '2:x']);
  });

  it('remembers neither results nor failures', async () => {
    const operations = new SharedOperations<number, string>();
    await assert.rejects(
      operations.run('a', quiet, () => Promise.reject(new Error('no'))),
      /no/,
    );
    assert.equal(await operations.run('a', quiet, () => Promise.resolve(3)), 3);
  });
});
