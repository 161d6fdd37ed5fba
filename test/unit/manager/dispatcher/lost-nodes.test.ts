import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mock } from 'node:test';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { Dispatcher } from '../../../../src/manager/dispatcher/dispatcher.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

describe('nodes that are not heard', () => {
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
      leaders: () => assert.fail('nobody asks'),
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

  it('are lost 12 s after the start of a manager', async () => {
    pass(11_750);
    assert.equal(await state(), 'unknown');
    pass(250);
    assert.equal(await state(), 'down');
  });

  it('are not lost when they come back just after they were missed, and are when they are not heard then', async () => {
    await store.update((view) => ({
      changes: [put({ ...(view.get('node', 'n1') ?? assert.fail()), state: 'ready' })],
      result: undefined,
    }));
    dispatcher.sessions.begin('n1');
    pass(6000);
    assert.equal(dispatcher.sessions.hasBegun('n1'), false, 'it is missed, and about to be lost together with others');
    dispatcher.sessions.begin('n1');
    pass(1000);
    assert.equal(await state(), 'ready');
    pass(5250);
    assert.equal(await state(), 'down');
  });

  it('have their whole time in the next term of a manager that ceased to lead just after it had missed them', async () => {
    dispatcher.sessions.begin('n1');
    pass(6000);
    assert.equal(dispatcher.sessions.hasBegun('n1'), false, 'it is missed, and about to be lost together with others');
    dispatcher.rest();
    await dispatcher.start();
    dispatcher.sessions.begin('n2');
    pass(6250);
    assert.equal(dispatcher.sessions.hasBegun('n2'), false, 'others are lost in the new term');
    assert.equal(await state(), 'unknown');
    pass(5750);
    assert.equal(await state(), 'down');
  });

  it('get the time again in which that was too busy to take them in', async () => {
    clockMs += 5000;
    pass(16_750);
    assert.equal(await state(), 'unknown');
    pass(250);
    assert.equal(await state(), 'down');
  });
});
