import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { ReportStream } from '../../../../agents/host/session/report-stream.ts';
import { StatusReporter } from '../../../../agents/host/session/status-reporter.ts';
import { AsyncQueue } from '../../../../src/manager/streams/async-queue.ts';
import type { Problem, ReportRequest, ReportResponse } from '../../../../src/rpc/messages.ts';
import { assignedStatus } from './builders.ts';

const problem: Problem = {
  code: 'permission',
  message: 'not yours',
  hint: '',
  retryable: false,
  keys: [],
  askInstead: '',
};

/** A manager's end that takes what is sent and answers what it is told to. */
class FakeManager {
  readonly answers = new AsyncQueue<ReportResponse>();
  readonly sent: ReportRequest[] = [];
  isCanceled = false;
  readonly #over: AbortSignal;

  constructor(over: AbortSignal) {
    this.#over = over;
  }

  report(): ReturnType<ConstructorParameters<typeof ReportStream>[0]['report']> {
    return {
      write: async (message) => void this.sent.push(message),
      end: () => undefined,
      cancel: () => void (this.isCanceled = true),
      [Symbol.asyncIterator]: () => this.answers.follow(this.#over)[Symbol.asyncIterator](),
    };
  }

  answer(batch: number, more: Partial<ReportResponse> = {}): void {
    this.answers.push({ batch, periodMs: 2000, problem: null, ...more });
  }

  /** Numbers of what was sent since the last look: 0 is a heartbeat. */
  takeBatches(): readonly number[] {
    return this.sent.splice(0).map(({ batch }) => batch);
  }
}

describe('the stream of heartbeats and states', () => {
  let over: AbortController;
  let manager: FakeManager;
  let reports: ReportStream;
  const updates = [{ taskId: 't', status: '', removed: true }];

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    over = new AbortController();
    manager = new FakeManager(over.signal);
    reports = new ReportStream(manager, 's', over.signal);
  });
  afterEach(() => {
    over.abort();
    mock.timers.reset();
  });

  /** Lets whatever can go on without time do so. */
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('tells when an answer to a heartbeat is due, and when it has come', async () => {
    const told: string[] = [];
    const listener = { expectAnswer: () => void told.push('due'), answered: () => void told.push('here') };
    const done = new ReportStream(manager, 's', over.signal, listener).run();
    manager.answer(0);
    await settle();
    mock.timers.tick(2000);
    assert.deepEqual(told, ['due', 'here', 'due']);
    over.abort();
    await done;
  });

  it('beats at once and goes on as often as the manager says, until the session is over', async () => {
    const done = reports.run();
    assert.deepEqual(manager.sent.splice(0), [{ sessionId: 's', batch: 0, updates: [] }]);
    for (const periodMs of [2000, 500]) {
      manager.answer(0, { periodMs });
      await settle();
      mock.timers.tick(periodMs - 1);
      assert.deepEqual(manager.takeBatches(), [], 'not before its time');
      mock.timers.tick(1);
      assert.deepEqual(manager.takeBatches(), [0]);
    }
    over.abort();
    await done;
    assert.equal(manager.isCanceled, true);
  });

  it('fails when the answer to a heartbeat takes longer than 5 s', async () => {
    const done = assert.rejects(reports.run(), { code: 'timeout', message: /heartbeat/ });
    mock.timers.tick(5000);
    await done;
    assert.equal(manager.isCanceled, true);
  });

  it('fails with what the manager says, as of a session that is over', async () => {
    const done = assert.rejects(reports.run(), { message: 'the session is over' });
    manager.answers.fail(new Error('the session is over'));
    await done;
    assert.equal(manager.isCanceled, true);
  });

  it('takes a batch as told when the manager has stored it, and beats meanwhile', async () => {
    const done = reports.run();
    let isStored = false;
    const stored = reports.send(updates).then(() => (isStored = true));
    assert.deepEqual(manager.sent[1], { sessionId: 's', batch: 1, updates });
    manager.answer(0);
    await settle();
    mock.timers.tick(2000);
    assert.deepEqual(manager.takeBatches(), [0, 1, 0]);
    assert.equal(isStored, false, 'a heartbeat is no answer to it');
    manager.answer(1);
    await stored;
    over.abort();
    await done;
  });

  it('beats only after a period in which no batch was answered, and goes on waiting for the answer to a heartbeat meanwhile', async () => {
    const done = assert.rejects(reports.run(), { code: 'timeout', message: /heartbeat/ });
    const tell = async (batch: number): Promise<void> => {
      const stored = reports.send(updates);
      manager.answer(batch);
      await stored;
    };
    manager.answer(0);
    for (const batch of [1, 2, 3]) {
      await settle();
      mock.timers.tick(1500);
      await tell(batch);
    }
    assert.deepEqual(manager.takeBatches(), [0, 1, 2, 3]);
    await settle();
    mock.timers.tick(2000);
    await tell(4);
    assert.deepEqual(manager.takeBatches(), [0, 4]);
    mock.timers.tick(5000);
    await done;
  });

  it('numbers batches, and says what the manager has against one without ending the session', async () => {
    const done = reports.run();
    const refused = assert.rejects(reports.send(updates), { code: 'permission', message: 'not yours' });
    manager.answer(1, { problem });
    await refused;
    const stored = reports.send(updates);
    manager.answer(2);
    await stored;
    assert.deepEqual(manager.takeBatches(), [0, 1, 2]);
    over.abort();
    await done;
  });

  it('ends with an answer to a batch that was never sent', async () => {
    const done = assert.rejects(reports.run(), { code: 'internal', message: /answered batch 7/ });
    manager.answer(7);
    await done;
  });

  it('ends when a manager that answers heartbeats stores nothing for 30 s', async () => {
    const done = assert.rejects(reports.run(), { code: 'timeout', message: /did not store/ });
    const stored = assert.rejects(reports.send(updates), { code: 'unavailable' });
    for (let ms = 0; ms < 30_000; ms += 2000) {
      manager.answer(0);
      await settle();
      mock.timers.tick(2000);
    }
    await Promise.all([done, stored]);
  });

  it('says again in the next session what was not answered in this one, and nothing twice that was', async () => {
    const reporter = new StatusReporter(() => undefined);
    /** Passes the pauses of the reporter: after a failure, and between two batches. */
    const pass = async (): Promise<void> => {
      for (let pauses = 0; pauses < 2; pauses += 1) {
        await settle();
        mock.timers.tick(500);
      }
      await settle();
    };
    reporter.status('told', assignedStatus);
    const first = assert.rejects(reports.run(), { message: 'cut' });
    reporter.attach((batch) => reports.send(batch));
    await pass();
    manager.answer(1);
    await reporter.flushed();
    reporter.status('lost', assignedStatus);
    await pass();
    assert.deepEqual(manager.takeBatches(), [0, 1, 2]);
    // The manager has stored it, or not: the answer does not come.
    manager.answers.fail(new Error('cut'));
    await first;
    reporter.detach();
    await assert.rejects(reports.send(updates), { code: 'unavailable' });

    manager = new FakeManager(over.signal);
    reports = new ReportStream(manager, 's2', over.signal);
    const second = reports.run();
    reporter.attach((batch) => reports.send(batch));
    await pass();
    const [, again] = manager.sent;
    assert.equal(again?.batch, 1, 'each stream numbers its own');
    assert.deepEqual(
      again.updates.map(({ taskId }) => taskId),
      ['lost'],
    );
    over.abort();
    await second;
  });
});
