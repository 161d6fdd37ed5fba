import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { sendHeartbeats } from '../../../../agents/host/session/heartbeats.ts';
import type { HeartbeatResponse } from '../../../../src/rpc/messages.ts';
import { AsyncQueue } from '../../../../src/manager/streams/async-queue.ts';

describe('heartbeats', () => {
  let over: AbortController;
  let answers: AsyncQueue<HeartbeatResponse>;
  let sent: PromiseWithResolvers<string>;
  let isCanceled: boolean;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    over = new AbortController();
    answers = new AsyncQueue();
    sent = Promise.withResolvers();
    isCanceled = false;
  });
  afterEach(() => {
    over.abort();
    mock.timers.reset();
  });

  function begin(): Promise<void> {
    const client: Parameters<typeof sendHeartbeats>[0] = {
      heartbeat: () => ({
        write: async ({ sessionId }) => sent.resolve(sessionId),
        end: () => undefined,
        cancel: () => void (isCanceled = true),
        [Symbol.asyncIterator]: () => answers.follow(over.signal)[Symbol.asyncIterator](),
      }),
    };
    return sendHeartbeats(client, 's', over.signal);
  }

  /** The next one that was sent. */
  async function next(): Promise<string> {
    const sessionId = await sent.promise;
    sent = Promise.withResolvers();
    return sessionId;
  }

  /** Lets whatever can go on without time do so. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('begin at once and go on as often as the manager says, until the session is over', async () => {
    const done = begin();
    assert.equal(await next(), 's');
    for (const periodMs of [2000, 500]) {
      answers.push({ periodMs });
      await settle();
      let isSent = false;
      void sent.promise.then(() => (isSent = true));
      mock.timers.tick(periodMs - 1);
      await settle();
      assert.equal(isSent, false, 'not before its time');
      mock.timers.tick(1);
      assert.equal(await next(), 's');
    }
    over.abort();
    await done;
    assert.equal(isCanceled, true);
  });

  it('fail when an answer takes longer than 5 s', async () => {
    const done = assert.rejects(begin(), { code: 'timeout' });
    await next();
    await settle();
    mock.timers.tick(5000);
    await done;
    assert.equal(isCanceled, true);
  });

  it('fail with what the manager says, as of a session that is over', async () => {
    const done = assert.rejects(begin(), { message: 'the session is over' });
    await next();
    answers.fail(new Error('the session is over'));
    await done;
    assert.equal(isCanceled, true);
  });
});
