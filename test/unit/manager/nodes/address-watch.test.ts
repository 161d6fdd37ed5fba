import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { AddressWatch } from '../../../../src/manager/nodes/address-watch.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

describe('the address that a node advertises', () => {
  let store: SqliteStore;
  let watch: AddressWatch;
  const asked: string[] = [];
  const reachable = new Set<string>();

  beforeEach(() => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    asked.length = 0;
    reachable.clear();
    begin();
  });
  afterEach(async () => {
    await watch.stop();
    store.close();
  });

  const begin = (): void => {
    const answers = (address: string): Promise<boolean> => {
      asked.push(address);
      return Promise.resolve(reachable.has(address));
    };
    watch = new AddressWatch(store, assert.ifError, answers);
    watch.run();
  };
  const write = (overrides: Partial<NodeObject>): Promise<void> =>
    store.update((view) => ({
      changes: [put({ ...(view.get('node', 'n1') ?? nodeObject({ version: 0 })), ...overrides })],
      result: undefined,
    }));
  /** What is noted when all looks are over, and at which addresses there were any. */
  const outcome = async (): Promise<unknown> => {
    await watch.stop();
    const seen = [store.view.get('node', 'n1')?.addressAnswers, asked.splice(0)];
    begin();
    return seen;
  };

  it('is noted when nobody answers there, until somebody does', async () => {
    await write({ address: '192.0.2.9' });
    assert.deepEqual(await outcome(), [false, ['192.0.2.9']]);
    reachable.add('192.0.2.10');
    await write({ address: '192.0.2.10' });
    const [answers] = (await outcome()) as [boolean];
    assert.equal(answers, true);
  });

  it('is looked at again when the node comes back, or another manager leads', async () => {
    await write({ address: '192.0.2.9', addressAnswers: false, state: 'down' });
    await outcome();
    reachable.add('192.0.2.9');
    await write({ state: 'ready' });
    assert.equal(((await outcome()) as [boolean])[0], true);
  });

  it('is let be while it answers, and on a lone host, which has none', async () => {
    reachable.add('192.0.2.9');
    await write({ address: '' });
    await write({ address: '192.0.2.9' });
    await outcome();
    await write({ labels: { a: 'b' }, state: 'down' });
    await write({ state: 'ready' });
    assert.deepEqual(await outcome(), [true, []]);
  });
});
