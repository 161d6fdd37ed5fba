import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { abortable } from '../../../../agents/host/abortable.ts';
import { findOtherLeader, type Oracle } from '../../../../src/daemon/cluster/find-other-leader.ts';

const never = (signal: AbortSignal | undefined): Promise<never> =>
  abortable(new Promise<never>(() => undefined), signal ?? new AbortController().signal);

describe('who leads by now', () => {
  /** What each manager does: it is not there, takes no connection, or says that these lead, one after the other. */
  let managers: Record<string, 'refuses' | 'silent' | readonly string[]>;
  let steps: string[];

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    steps = [];
  });
  afterEach(() => mock.timers.reset());

  async function connect(manager: string, signal: AbortSignal): Promise<Oracle> {
    steps.push(`ask ${manager}`);
    const behaviour = managers[manager];
    if (behaviour === 'silent') return never(signal);
    if (behaviour === 'refuses' || behaviour === undefined) throw new Error('nobody listens there');
    return {
      async *watchLeader(_request, options) {
        for (const address of behaviour) yield { address };
        await never(options?.signal);
      },
      close: () => void steps.push(`leave ${manager}`),
    };
  }

  const find = (signal = new AbortController().signal): Promise<string> =>
    findOtherLeader({ managers: Object.keys(managers), lost: 'm1', connect }, signal);

  async function pass(ms: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
  }

  it('is said by the first manager that answers, when it is another one than before', async () => {
    managers = { m2: ['m1', '', 'm3'], m4: ['m3'] };
    assert.equal(await find(), 'm3');
    assert.deepEqual(steps, ['ask m2', 'leave m2']);
  });

  it('is asked of the next manager at once where one is not there', async () => {
    managers = { m2: 'refuses', m3: ['m3'] };
    assert.equal(await find(), 'm3');
    assert.deepEqual(steps, ['ask m2', 'ask m3', 'leave m3']);
  });

  it('is asked of the next one after half a second where one is silent, and not while one that has answered waits for the election', async () => {
    managers = { m2: 'silent', m3: ['m1'], m4: ['m4'] };
    const asking = new AbortController();
    const found = find(asking.signal);
    await pass(499);
    assert.deepEqual(steps, ['ask m2']);
    await pass(1);
    await pass(60_000);
    assert.deepEqual(steps, ['ask m2', 'ask m3']);
    asking.abort();
    await assert.rejects(found, /no other manager says who leads/);
  });

  it('is not known where no manager can tell', async () => {
    managers = { m2: 'refuses', m3: 'refuses' };
    await assert.rejects(find(), /no other manager says who leads/);
  });
});
