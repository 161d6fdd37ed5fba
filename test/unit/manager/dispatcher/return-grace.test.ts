import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mock } from 'node:test';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { Dispatcher } from '../../../../src/manager/dispatcher/dispatcher.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

describe('nodes that have not come back since the manager has started', () => {
  let store: SqliteStore;
  let dispatcher: Dispatcher;
  let clockMs = 0;

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    mock.method(performance, 'now', () => clockMs);
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    await store.update(() => ({
      changes: [put({ ...nodeObject({ id: 'n1', state: 'ready' }), version: 0 })],
      result: undefined,
    }));
    dispatcher = new Dispatcher({
      store,
      onError: (error) => assert.fail(String(error)),
      admit: () => Promise.resolve(),
      ownNodeId: () => null,
      onLate: () => undefined,
    });
    await dispatcher.start();
  });
  afterEach(() => {
    dispatcher.stop();
    store.close();
    mock.restoreAll();
    mock.timers.reset();
  });

  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 250) {
      clockMs += 250;
      mock.timers.tick(250);
    }
  };
  /** The state once what the timers have begun is written. */
  const state = (): Promise<string | undefined> =>
    store.update((view) => ({ changes: [], result: view.get('node', 'n1')?.state }));

  it('are lost after 12 s', async () => {
    pass(11_750);
    assert.equal(await state(), 'unknown');
    pass(250);
    assert.equal(await state(), 'down');
  });

  it('get the time again in which it was too busy to take them in', async () => {
    clockMs += 5000;
    pass(16_750);
    assert.equal(await state(), 'unknown');
    pass(250);
    assert.equal(await state(), 'down');
  });
});
