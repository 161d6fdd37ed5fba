import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { abortable } from '../../../../agents/host/abortable.ts';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { LeaderLink } from '../../../../src/manager/leadership/leader-link.ts';
import type { Leadership, ManagerContact } from '../../../../src/manager/leadership/leadership.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';

const [frozen, next, self] = ['frozen', 'next', 'self'].map((name) => ({ name, address: `${name}:2377` })) as [
  ManagerContact,
  ManagerContact,
  ManagerContact,
];

class FakeLeadership implements Leadership {
  isLeader = false;
  leader: ManagerContact | null = frozen;
  readonly listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  resign(): Promise<void> {
    return Promise.resolve();
  }

  pass(leader: ManagerContact | null): void {
    this.leader = leader;
    for (const listener of this.listeners) listener();
  }
}

describe('the way to the leader', () => {
  const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
  after(() => store.close());

  /** A frozen one takes connections, and answers none. */
  function linkOf(leadership: Leadership, asked: string[]): LeaderLink<{ readonly name: string; close(): void }> {
    const connect = async ({ name }: ManagerContact, signal: AbortSignal): Promise<{ name: string; close(): void }> => {
      asked.push(name);
      if (name === frozen.name) await abortable(new Promise(() => undefined), signal);
      return { name, close: () => undefined };
    };
    return new LeaderLink({ leadership, store, self, connect });
  }

  it('waits no longer for one that is frozen when another one leads', async () => {
    const leadership = new FakeLeadership();
    const asked: string[] = [];
    const found = linkOf(leadership, asked).find(new AbortController().signal);
    leadership.pass(null);
    await new Promise((resolve) => setImmediate(resolve));
    leadership.pass(next);
    const call = await found;
    assert.deepEqual([call?.client.name, asked], ['next', ['frozen', 'next']]);
    call?.end();
    assert.equal(leadership.listeners.size, 0);
  });

  it('ends with whoever asked', async () => {
    const leadership = new FakeLeadership();
    const asking = new AbortController();
    const found = linkOf(leadership, []).find(asking.signal);
    asking.abort();
    await assert.rejects(
      found,
      /the manager frozen, which leads, cannot be reached: another one is about to be elected/,
    );
    assert.equal(leadership.listeners.size, 0);
  });
});
