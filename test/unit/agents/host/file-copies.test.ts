import assert from 'node:assert/strict';
import { FileCopies } from '../../../../agents/host/tasks/file-copies.ts';

const reason = new Error('was started meanwhile');
const never = new AbortController().signal;

/** What happens, in its order. */
class Steps {
  readonly seen: string[] = [];
  readonly gates = new Map<string, PromiseWithResolvers<void>>();

  async do(name: string, signal: AbortSignal = never): Promise<void> {
    this.seen.push(`${name} begins`);
    const gate = Promise.withResolvers<void>();
    this.gates.set(name, gate);
    signal.addEventListener('abort', () => gate.reject(new Error('killed')));
    await gate.promise.finally(() => this.seen.push(`${name} ends`));
  }

  end(name: string): void {
    this.gates.get(name)?.resolve();
  }
}

describe('copies of files of a container', () => {
  it('go on beside each other; a start waits for them, and later ones wait for the start', async () => {
    const copies = new FileCopies();
    const steps = new Steps();
    const first = copies.run(never, (signal) => steps.do('a', signal));
    const second = copies.run(never, (signal) => steps.do('b', signal));
    await Promise.resolve();
    const start = copies.hold(never, reason, () => steps.do('start'));
    const third = copies.run(never, (signal) => steps.do('c', signal));
    steps.end('a');
    await first;
    assert.deepEqual(steps.seen, ['a begins', 'b begins', 'a ends']);
    steps.end('b');
    await second;
    while (!steps.seen.includes('start begins')) await Promise.resolve();
    assert.ok(!steps.seen.includes('c begins'));
    steps.end('start');
    await start;
    while (!steps.seen.includes('c begins')) await Promise.resolve();
    steps.end('c');
    await third;
    assert.deepEqual(steps.seen.slice(3), ['b ends', 'start begins', 'start ends', 'c begins', 'c ends']);
  });

  it('that do not end in time are ended, and say why; those after that go on', async () => {
    const copies = new FileCopies(1);
    const steps = new Steps();
    const stuck = copies.run(never, (signal) => steps.do('a', signal));
    const outcome = assert.rejects(stuck, reason);
    await copies.hold(never, reason, async () => void steps.seen.push('start'));
    await outcome;
    assert.deepEqual(steps.seen, ['a begins', 'a ends', 'start']);
    assert.equal(await copies.run(never, async () => 'again'), 'again');
  });

  it('are not waited for by a start that is given up, and then no copy waits either', async () => {
    const copies = new FileCopies();
    const steps = new Steps();
    const copy = copies.run(never, (signal) => steps.do('a', signal));
    const over = new AbortController();
    const start = copies.hold(over.signal, reason, () => Promise.reject(new Error('not reached')));
    over.abort(new Error('to be stopped'));
    await assert.rejects(start, /to be stopped/);
    await copies.run(never, async () => undefined);
    steps.end('a');
    await copy;
  });
});
