import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { randomBytes } from 'node:crypto';
import { abortable } from '../../../../agents/host/abortable.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { LeaderLink } from '../../../../src/manager/leadership/leader-link.ts';
import { serveByLeader } from '../../../../src/manager/leadership/serve-by-leader.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { authorityMethods } from '../../../../src/rpc/generated/contract.ts';
import type { JoinToken } from '../../../../src/rpc/messages.ts';
import type { CallContext, CallOptions } from '../../../../src/rpc/service-types.ts';
import { FakeLeadership } from '../../../support/fake-leadership.ts';

const contactOf = (name: string): { name: string; address: string } => ({ name, address: `${name}:2377` });
const { getJoinToken } = authorityMethods;

describe('a call that is passed on to a leader that hands over the lead', () => {
  const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
  after(() => store.close());
  let leadership: FakeLeadership;
  let answer: PromiseWithResolvers<JoinToken>;
  const context: CallContext = { peer: { kind: 'local' }, signal: new AbortController().signal };

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    leadership = new FakeLeadership(contactOf('former'));
    answer = Promise.withResolvers();
  });
  afterEach(() => mock.timers.reset());

  /** Passes a call on, and the lead while it is under way. */
  async function callWhileItChanges(): Promise<JoinToken> {
    const begun = Promise.withResolvers<void>();
    const there = (_request: unknown, { signal }: CallOptions = {}): Promise<JoinToken> => {
      begun.resolve();
      return abortable(answer.promise, signal ?? context.signal);
    };
    const client = { getJoinToken: there, close: () => undefined };
    const link = new LeaderLink({ leadership, store, self: contactOf('self'), connect: () => Promise.resolve(client) });
    const here = { getJoinToken: () => assert.fail('this manager does not lead') };
    const places = { here: new Set<string>(), hereIfNeeded: new Set<string>() };
    const handlers = serveByLeader({ getJoinToken }, here, link, places);
    const call = handlers.getJoinToken({ role: 'worker' }, context);
    await begun.promise;
    leadership.pass(contactOf('next'));
    return call;
  }

  it('has the answer of that one, which may have asked the next one', async () => {
    const call = callWhileItChanges();
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(999);
    answer.resolve({ token: 'a', managers: [] });
    assert.equal((await call).token, 'a');
    assert.equal(leadership.listeners.size, 0);
  });

  it('ends after a second without an answer, and says why', async () => {
    const call = assert.rejects(callWhileItChanges(), {
      code: 'unavailable',
      message: 'the manager former ceased to lead during the call',
      hint: 'run the command again',
    });
    await new Promise((resolve) => setImmediate(resolve));
    mock.timers.tick(1000);
    await call;
  });
});
