import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { EventLog } from '../../../../src/manager/events/event-log.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { taskObject } from '../../../fixtures/objects.ts';

describe('kept events', () => {
  it('are the newest ones: at least 10,000, and not without end', async () => {
    const store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    const log = new EventLog(store, () => 1000);
    for (let number = 0; number < 12_500; number++) log.note(taskObject('web'), `event ${number}`, {});
    const numbers: number[] = [];
    const all = log.stream({ stack: '', services: [], sinceMs: 1, untilMs: 1000 }, new AbortController().signal);
    for await (const { action } of all) numbers.push(Number(action.slice('event '.length)));
    assert.ok(numbers.length >= 10_000 && numbers.length < 11_000, String(numbers.length));
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => 12_500 - numbers.length + index),
    );
    log.stop();
    store.close();
  });
});
