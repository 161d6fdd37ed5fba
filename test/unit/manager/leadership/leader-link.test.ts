import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { abortable } from '../../../../agents/host/abortable.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { LeaderLink } from '../../../../src/manager/leadership/leader-link.ts';
import type { Leadership, ManagerContact } from '../../../../src/manager/leadership/leadership.ts';
import type { Staleness, Store } from '../../../../src/manager/store/store.ts';
import { FakeLeadership } from '../../../support/fake-leadership.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';

const [frozen, next, self] = ['frozen', 'next', 'self'].map((name) => ({ name, address: `${name}:2377` })) as [
  ManagerContact,
  ManagerContact,
  ManagerContact,
];

describe('the way to the leader', () => {
  const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
  after(() => store.close());

  /** A frozen one takes connections, and answers none. */
  function linkOf(
    leadership: Leadership,
    asked: string[],
    followed: Store = store,
  ): LeaderLink<{ readonly name: string; close(): void }> {
    const connect = async ({ name }: ManagerContact, signal: AbortSignal): Promise<{ name: string; close(): void }> => {
      asked.push(name);
      if (name === frozen.name) await abortable(new Promise(() => undefined), signal);
      return { name, close: () => undefined };
    };
    return new LeaderLink({ leadership, store: followed, self, connect });
  }

  it('waits no longer for one that is frozen when another one leads', async () => {
    const leadership = new FakeLeadership(frozen);
    const asked: string[] = [];
    const found = linkOf(leadership, asked).find(new AbortController().signal, true);
    leadership.pass(null);
    await new Promise((resolve) => setImmediate(resolve));
    leadership.pass(next);
    const call = await found;
    assert.deepEqual([call?.client.name, asked], ['next', ['frozen', 'next']]);
    call?.end();
    assert.equal(leadership.listeners.size, 0);
  });

  describe('while the store is out of reach', () => {
    let leadership: FakeLeadership;
    let staleness: Staleness | null;
    const stale: Store = Object.create(store, { staleness: { get: () => staleness } }) as Store;
    const find = (isPatient: boolean) => linkOf(leadership, [], stale).find(new AbortController().signal, isPatient);

    beforeEach(() => {
      leadership = new FakeLeadership(frozen);
      leadership.leader = null;
    });
    const goneFor = (ms: number): Staleness => ({ since: new Date(Date.now() - ms), reason: 'etcd does not answer' });

    it('is waited for by whoever wants to change something, and found when it is back', async () => {
      staleness = goneFor(0);
      const found = find(true);
      await new Promise((resolve) => setImmediate(resolve));
      staleness = null;
      leadership.pass(next);
      const call = await found;
      assert.equal(call?.client.name, 'next');
      call?.end();
    });

    it('is given up 3 s after that, and at once where it has been so for longer, or by who only looks', async () => {
      const refusal = { code: 'unavailable', message: 'no manager leads: etcd does not answer' };
      staleness = goneFor(2990);
      await assert.rejects(find(true), refusal);
      assert.ok(Date.now() >= staleness.since.getTime() + 3000);
      staleness = goneFor(60_000);
      await assert.rejects(find(true), refusal);
      staleness = goneFor(0);
      await assert.rejects(find(false), refusal);
      assert.ok(Date.now() < staleness.since.getTime() + 2500, 'nothing was waited for');
      assert.equal(leadership.listeners.size, 0);
    });
  });

  it('ends with whoever asked', async () => {
    const leadership = new FakeLeadership(frozen);
    const asking = new AbortController();
    const found = linkOf(leadership, []).find(asking.signal, true);
    asking.abort();
    await assert.rejects(
      found,
      /the manager frozen, which leads, cannot be reached: another one is about to be elected/,
    );
    assert.equal(leadership.listeners.size, 0);
  });
});
