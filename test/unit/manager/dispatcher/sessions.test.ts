import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Relays, type FrameStream } from '../../../../src/manager/dispatcher/relays.ts';
import { Sessions, type Session } from '../../../../src/manager/dispatcher/sessions.ts';
import { RegistrationLimit } from '../../../../src/manager/dispatcher/registration-limit.ts';
import type { Frame } from '../../../../src/rpc/messages.ts';

describe('sessions of agents', () => {
  let silent: string[];
  let sessions: Sessions;
  let lateness: { totalMs: number; stop(): void };
  let clockMs: number;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    silent = [];
    lateness = { totalMs: 0, stop: () => undefined };
    clockMs = 0;
    sessions = new Sessions((nodeId) => silent.push(nodeId), lateness, new RegistrationLimit(() => clockMs));
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

  it('get the time again in which the manager was too busy to listen', () => {
    const { id } = sessions.begin('n1');
    lateness.totalMs = 4000;
    mock.timers.tick(6000);
    assert.deepEqual(silent, [], 'it may have sent heartbeats that nobody has read');
    mock.timers.tick(3900);
    sessions.beat(id);
    mock.timers.tick(5900);
    assert.deepEqual(silent, []);
    mock.timers.tick(100);
    assert.deepEqual(silent, ['n1']);
  });

  it('end although the manager was busy, when silence goes on', () => {
    sessions.begin('n1');
    lateness.totalMs = 4000;
    mock.timers.tick(6000);
    mock.timers.tick(4000);
    assert.deepEqual(silent, ['n1']);
  });

  it('are refused to a node that registers the fourth time within 8 s, until it has waited', () => {
    for (let count = 0; count < 3; count++, clockMs += 1000) sessions.begin('n1');
    const third = sessions.ofNode('n1');
    assert.throws(() => sessions.begin('n1'), { code: 'unavailable', retryable: true });
    assert.equal(sessions.ofNode('n1'), third, 'the session that stands is not touched');
    assert.ok(sessions.begin('n2'));
    clockMs = 8001;
    assert.ok(sessions.begin('n1'));
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
    const result = assert.rejects(new Relays().open(sessions.get(id), 'host1', open, never), { code: 'timeout' });
    mock.timers.tick(5000);
    sessions.beat(id);
    mock.timers.tick(5000);
    await result;
    sessions.stop();
  });

  it('fails when the session ends or the client leaves before that', async () => {
    const sessions = new Sessions(() => undefined);
    const lost = assert.rejects(new Relays().open(sessions.begin('n1'), 'host1', open, never), {
      message: 'node host1 is gone',
    });
    sessions.begin('n1');
    await lost;
    const client = new AbortController();
    const session = sessions.begin('n1');
    const left = assert.rejects(new Relays().open(session, 'host1', open, { ...never, signal: client.signal }), {
      code: 'canceled',
    });
    client.abort();
    await left;
    sessions.stop();
  });

  it('ends at both ends when its node is lost, not when the agent begins a new session', async () => {
    const sessions = new Sessions(() => undefined);
    const relays = new Relays();
    const openBothEnds = async (session: Session): Promise<readonly Promise<void>[]> => {
      const client = relays.open(session, 'host1', open, never);
      for await (const { stream } of session.requests.follow(new AbortController().signal))
        return [client, relays.arrive(stream?.streamId ?? '', never, () => undefined)];
      return [];
    };
    const kept = await openBothEnds(sessions.begin('n1'));
    const lost = await openBothEnds(sessions.begin('n2'));
    sessions.begin('n1');
    const ended: string[] = [];
    for (const end of kept) end.finally(() => ended.push('kept')).catch(() => undefined);
    mock.timers.tick(6000);
    for (const end of lost) await assert.rejects(end, { message: 'the connection to node host1 is lost' });
    assert.deepEqual(ended, []);
    sessions.stop();
  });

  it('is refused to an agent when nobody waits for it', async () => {
    await assert.rejects(
      new Relays().arrive('unknown', never, () => undefined),
      { code: 'not-found' },
    );
  });
});
