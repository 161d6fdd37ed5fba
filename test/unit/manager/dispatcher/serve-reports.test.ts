import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ContentSeal } from '../../../../src/manager/authority/content-seal.ts';
import { Dispatcher } from '../../../../src/manager/dispatcher/dispatcher.ts';
import { SqliteStore } from '../../../../src/manager/store/sqlite/sqlite-store.ts';
import { put } from '../../../../src/manager/store/change.ts';
import { StoreUnavailableError } from '../../../../src/manager/store/errors.ts';
import { AsyncQueue } from '../../../../src/manager/streams/async-queue.ts';
import type { ReportRequest, ReportResponse, TaskStatusUpdate } from '../../../../src/rpc/messages.ts';
import type { Peer } from '../../../../src/rpc/service-types.ts';
import { nodeObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';

/** An agent's end of its stream. */
class FakeAgent {
  readonly done: Promise<void>;
  readonly #requests = new AsyncQueue<ReportRequest>();
  readonly #answers = new AsyncQueue<ReportResponse>();
  readonly #received = this.#answers[Symbol.asyncIterator]();
  readonly #sessionId: string;
  #isCut = false;
  /** Batches that the manager has read. */
  read = 0;

  constructor(dispatcher: Dispatcher, nodeId: string, sessionId = dispatcher.sessions.begin(nodeId).id) {
    this.#sessionId = sessionId;
    const peer: Peer = { kind: 'node', nodeId, role: 'worker', clusterId: 'c' };
    const stream = {
      write: (answer: ReportResponse) => {
        if (this.#isCut) return Promise.reject(new Error('the stream is closed'));
        this.#answers.push(answer);
        return Promise.resolve();
      },
      end: () => undefined,
      cancel: () => undefined,
      [Symbol.asyncIterator]: () => this.#read(),
    };
    this.done = dispatcher.report(stream, { peer, signal: new AbortController().signal });
  }

  send(batch: number, ...updates: readonly TaskStatusUpdate[]): void {
    this.#requests.push({ sessionId: this.#sessionId, batch, updates });
  }

  async answer(): Promise<Pick<ReportResponse, 'batch'> & { readonly code: string | null }> {
    const { value } = (await this.#received.next()) as { value: ReportResponse };
    return { batch: value.batch, code: value.problem?.code ?? null };
  }

  end(): Promise<void> {
    this.#requests.end();
    return this.done;
  }

  /** The connection breaks. */
  cut(): void {
    this.#isCut = true;
    this.#requests.fail(new Error('cut'));
  }

  async *#read(): AsyncGenerator<ReportRequest> {
    for await (const request of this.#requests) {
      if (request.batch !== 0) this.read += 1;
      yield request;
    }
  }
}

describe('reports of agents', () => {
  let store: SqliteStore;
  let dispatcher: Dispatcher;

  beforeEach(async () => {
    store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
    const objects = [
      ...['n1', 'n2'].map((id) => nodeObject({ id })),
      ...['a', 'b'].map((id) => taskObject(id, { id, nodeId: 'n1' })),
      taskObject('theirs', { id: 'theirs', nodeId: 'n2' }),
    ];
    await store.update(() => ({ changes: objects.map((object) => put({ ...object, version: 0 })), result: undefined }));
    const onError = (error: unknown): never => assert.fail(String(error));
    const leaders = (): never => assert.fail('nobody asks');
    const others = { admit: () => Promise.resolve(), leaders, ownNodeId: () => null, onLate: () => undefined };
    dispatcher = new Dispatcher({ store, onError, ...others });
  });
  afterEach(() => {
    dispatcher.stop();
    store.close();
  });

  const update = (taskId: string, message: string): TaskStatusUpdate => ({
    taskId,
    status: JSON.stringify(taskStatus({ message })),
    removed: false,
  });
  const messageOf = (id: string): string | undefined => store.view.get('task', id)?.status.message;

  /** Holds up every write until the promise resolves. */
  function holdWrites(until: Promise<void>): void {
    const write = store.update.bind(store);
    store.update = async (...args) => {
      await until;
      return write(...args);
    };
  }

  it('are answered in order, each when it is stored', async () => {
    const agent = new FakeAgent(dispatcher, 'n1');
    for (const number of [1, 2, 3]) agent.send(number, update('a', `state ${number}`));
    for (const batch of [1, 2, 3]) {
      assert.deepEqual(await agent.answer(), { batch, code: null });
      assert.match(messageOf('a') ?? '', new RegExp(`state [${batch}-3]`));
    }
    assert.equal(messageOf('a'), 'state 3');
    await agent.end();
  });

  it('are not taken in ahead of the one that is being stored, and do not hold up heartbeats before that', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    holdWrites(promise);
    const agent = new FakeAgent(dispatcher, 'n1');
    agent.send(1, update('a', 'first'));
    agent.send(0);
    assert.deepEqual(await agent.answer(), { batch: 0, code: null }, 'the heartbeat overtakes the batch');
    for (const number of [2, 3, 4]) agent.send(number, update('a', `more ${number}`));
    await new Promise((done) => setImmediate(done));
    assert.equal(agent.read, 2, 'one is being stored, one waits, the rest is left to the agent');
    assert.equal(messageOf('a'), '');
    resolve();
    for (const batch of [1, 2, 3, 4]) assert.deepEqual(await agent.answer(), { batch, code: null });
    await agent.end();
  });

  it('change nothing when they come again because the answer was lost', async () => {
    const agent = new FakeAgent(dispatcher, 'n1');
    agent.send(1, update('a', 'told'));
    await agent.answer();
    const version = store.view.get('task', 'a')?.version;
    const again = new FakeAgent(dispatcher, 'n1');
    again.send(1, update('a', 'told'));
    assert.deepEqual(await again.answer(), { batch: 1, code: null });
    assert.equal(store.view.get('task', 'a')?.version, version);
    agent.send(2, update('a', 'of a session that is over'));
    await assert.rejects(agent.done, { code: 'conflict', message: /session is over/ });
    assert.equal(messageOf('a'), 'told');
    await again.end();
  });

  it('are stored also when the stream is cut before the answer', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    holdWrites(promise);
    const agent = new FakeAgent(dispatcher, 'n1');
    agent.send(1, update('a', 'cut'));
    await new Promise((done) => setImmediate(done));
    agent.cut();
    await assert.rejects(agent.done, { message: 'cut' });
    const stored = new Promise<void>((done) => store.subscribe(() => done()));
    resolve();
    await stored;
    assert.equal(messageOf('a'), 'cut');
  });

  it('on tasks of another node are refused; the others of the batch, and what follows, count', async () => {
    const agent = new FakeAgent(dispatcher, 'n1');
    const other = new FakeAgent(dispatcher, 'n2');
    agent.send(1, update('theirs', 'forged'), update('a', 'mine'), { ...update('b', ''), status: '{' });
    assert.deepEqual(await agent.answer(), { batch: 1, code: 'permission' });
    assert.deepEqual([messageOf('theirs'), messageOf('a')], ['', 'mine']);
    agent.send(2, update('b', 'later'));
    assert.deepEqual(await agent.answer(), { batch: 2, code: null });
    other.send(1, update('theirs', 'true'));
    assert.deepEqual(await other.answer(), { batch: 1, code: null });
    assert.deepEqual([messageOf('theirs'), messageOf('b')], ['true', 'later']);
    await Promise.all([agent.end(), other.end()]);
  });

  it('of a session of another node end the stream, and that session goes on', async () => {
    const other = new FakeAgent(dispatcher, 'n2');
    const theirSession = dispatcher.sessions.ofNode('n2')?.id ?? assert.fail();
    const forger = new FakeAgent(dispatcher, 'n1', theirSession);
    forger.send(1, update('theirs', 'forged'));
    await assert.rejects(forger.done, { code: 'permission', message: /another node's/ });
    other.send(0);
    assert.deepEqual(await other.answer(), { batch: 0, code: null });
    await other.end();
  });

  it('that cannot be stored are said to be so, and count when they come again', async () => {
    const write = store.update.bind(store);
    store.update = () => Promise.reject(new StoreUnavailableError('etcd has lost its majority'));
    const agent = new FakeAgent(dispatcher, 'n1');
    agent.send(1, update('a', 'kept'));
    assert.deepEqual(await agent.answer(), { batch: 1, code: 'unavailable' });
    store.update = write;
    agent.send(2, update('a', 'kept'));
    assert.deepEqual(await agent.answer(), { batch: 2, code: null });
    assert.equal(messageOf('a'), 'kept');
    await agent.end();
  });
});
