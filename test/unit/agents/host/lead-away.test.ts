import assert from 'node:assert/strict';
import { EndpointReporter } from '../../../../agents/host/session/endpoint-reporter.ts';
import { LeadAway } from '../../../../agents/host/session/lead-away.ts';
import type { AppliedEndpoints } from '../../../../src/rpc/messages.ts';

describe('a container that is to be led away from', () => {
  it('is the business of the manager of the moment', async () => {
    const away = new LeadAway();
    const late = away.from('a', new AbortController().signal);
    away.attach(async (taskId) => [taskId, 'w1']);
    assert.deepEqual(await late, ['a', 'w1']);
  });

  it('is asked for again in the next session when one ends in between', async () => {
    const away = new LeadAway();
    const asked = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<readonly string[]>();
    away.attach(() => {
      asked.resolve();
      return lost.promise;
    });
    const late = away.from('a', new AbortController().signal);
    await asked.promise;
    lost.reject(new Error('gone'));
    away.detach();
    away.attach(async () => []);
    assert.deepEqual(await late, []);
  });

  it('waits no longer than it may when no manager says anything', async () => {
    const over = new AbortController();
    const late = new LeadAway().from('a', over.signal);
    over.abort(new Error('late'));
    await assert.rejects(late, /late/);
  });
});

describe('endpoints in effect', () => {
  it('are told in one call at a time, the newest of each network', async () => {
    const reporter = new EndpointReporter();
    const over = new AbortController();
    const calls: (readonly AppliedEndpoints[])[] = [];
    let answer = Promise.withResolvers<void>();
    let called = Promise.withResolvers<void>();
    reporter.note('a', 1);
    const running = reporter.run(async (applied) => {
      calls.push(applied);
      called.resolve();
      await answer.promise;
    }, over.signal);
    await called.promise;
    called = Promise.withResolvers();
    reporter.note('a', 3);
    reporter.note('b', 1);
    reporter.note('a', 2);
    answer.resolve();
    answer = Promise.withResolvers();
    await called.promise;
    over.abort();
    answer.resolve();
    await running;
    assert.deepEqual(calls, [
      [{ networkId: 'a', version: 1 }],
      [
        { networkId: 'a', version: 3 },
        { networkId: 'b', version: 1 },
      ],
    ]);
  });
});
