import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Relays, type FrameStream } from '../../../../src/manager/dispatcher/relays.ts';
import { Sessions } from '../../../../src/manager/dispatcher/sessions.ts';
import type { Frame } from '../../../../src/rpc/messages.ts';

describe('sessions of agents', () => {
  let silent: string[];
  let sessions: Sessions;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    silent = [];
    sessions = new Sessions((nodeId) => silent.push(nodeId));
  });
  afterEach(() => {
    sessions.stop();
    mock.timers.reset();
  });

  it('last as long as heartbeats come, and end after three missed ones', () => {
    const { id, signal } = sessions.begin('n1');
    for (let beat = 0; beat < 5; beat++) {
      mock.timers.tick(5900);
      sessions.beat(id);
    }
    assert.deepEqual([silent, signal.aborted], [[], false]);
    mock.timers.tick(6000);
    assert.deepEqual([silent, signal.aborted], [['n1'], true]);
    assert.throws(() => sessions.get(id), { code: 'conflict', retryable: true });
  });

  it('replace the earlier one of the same node, whose silence then means nothing', () => {
    const first = sessions.begin('n1');
    mock.timers.tick(4000);
    const second = sessions.begin('n1');
    assert.deepEqual([first.signal.aborted, second.signal.aborted], [true, false]);
    mock.timers.tick(4000);
    assert.deepEqual(silent, []);
    assert.equal(sessions.ofNode('n1')?.id, second.id);
  });

  it('cannot be asked for streams after their own stream broke, though the node is not down yet', () => {
    const { id } = sessions.begin('n1');
    sessions.disconnect(id);
    assert.equal(sessions.ofNode('n1'), undefined);
    assert.equal(sessions.get(id).id, id);
    assert.deepEqual(silent, []);
  });
});

describe('a relayed stream', () => {
  const open = { kind: 'exec', taskId: 't', nodeId: '', arguments: '{}' };
  const never: FrameStream = {
    frames: { next: () => new Promise(() => undefined) },
    stream: {
      write: () => Promise.resolve(),
      end: () => undefined,
      cancel: () => undefined,
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<Frame>>(() => undefined) }),
    },
    signal: new AbortController().signal,
  };

  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  it('fails when the agent does not open its end within 10 s', async () => {
    const sessions = new Sessions(() => undefined);
    const { id } = sessions.begin('n1');
    const result = assert.rejects(new Relays().open(sessions.get(id), open, never), { code: 'timeout' });
    mock.timers.tick(5000);
    sessions.beat(id);
    mock.timers.tick(5000);
    await result;
    sessions.stop();
  });

  it('fails when the session ends or the client leaves before that', async () => {
    const sessions = new Sessions(() => undefined);
    const lost = assert.rejects(new Relays().open(sessions.begin('n1'), open, never), { code: 'unavailable' });
    sessions.begin('n1');
    await lost;
    const client = new AbortController();
    const session = sessions.begin('n1');
    const left = assert.rejects(new Relays().open(session, open, { ...never, signal: client.signal }), {
      code: 'canceled',
    });
    client.abort();
    await left;
    sessions.stop();
  });

  it('is refused to an agent when nobody waits for it', async () => {
    await assert.rejects(new Relays().arrive('unknown', never, () => undefined), { code: 'not-found' });
  });
});
