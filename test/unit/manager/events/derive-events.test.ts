import assert from 'node:assert/strict';
import { deriveEvents } from '../../../../src/manager/events/derive-events.ts';
import type { ContainerStatus, EndedRun, TaskObject } from '../../../../src/model/objects.ts';
import { containerStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';

const withContainer = (container: ContainerStatus | null, overrides: Partial<TaskObject> = {}): TaskObject =>
  taskObject('web', { status: taskStatus({ container }), ...overrides });
const created = containerStatus({ phase: 'created', startedAt: null });
const running = containerStatus();
const exited = containerStatus({ phase: 'exited', finishedAt: 'later', exitCode: 3 });
const ended = (startedAt: string | null, exitCode: number, oomKilled: boolean): EndedRun => ({
  startedAt,
  finishedAt: `${startedAt} is over`,
  exitCode,
  signal: null,
  oomKilled,
});
const health = (state: 'starting' | 'healthy' | 'unhealthy'): ContainerStatus =>
  containerStatus({ health: { state, failingStreak: 0, lastOutput: '' } });

function actions(before: TaskObject | null, after: TaskObject | null): readonly string[] {
  return deriveEvents({ before, after }, 1).map(({ action, attributes }) =>
    attributes['exitCode'] === undefined ? action : `${action} ${attributes['exitCode']}`,
  );
}

describe('container events', () => {
  const cases: readonly [string, ContainerStatus | null, ContainerStatus, readonly string[]][] = [
    ['a container is made', null, created, ['create']],
    ['it is started', created, running, ['start']],
    ['it is made and started between two reports', null, running, ['create', 'start']],
    ['it ends', running, exited, ['die 3']],
    ['it starts and ends between two reports', created, exited, ['start', 'die 3']],
    [
      'it has restarted twice, with nobody there to hear of it',
      running,
      containerStatus({
        startedAt: 'third',
        restartCount: 2,
        runs: [ended(running.startedAt, 4, false), ended('second', 137, true)],
      }),
      ['die 4', 'start', 'oom', 'die 137', 'start'],
    ],
    [
      'it has ended, as one of its runs',
      containerStatus({ runs: [ended('first', 1, false)] }),
      { ...exited, runs: [ended('first', 1, false), { ...ended(exited.startedAt, 3, false), finishedAt: 'later' }] },
      ['die 3'],
    ],
    ['it runs out of memory', running, { ...exited, oomKilled: true }, ['oom', 'die 3']],
    ['it is paused', running, containerStatus({ phase: 'paused' }), ['pause']],
    ['it goes on', containerStatus({ phase: 'paused' }), running, ['unpause']],
    ['it gets healthy', health('starting'), health('healthy'), ['health_status: healthy']],
    ['nothing has changed', health('healthy'), health('healthy'), []],
  ];
  for (const [title, before, after, expected] of cases) {
    it(`are ${expected.join(', ') || 'none'} when ${title}`, () => {
      assert.deepEqual(actions(withContainer(before), withContainer(after)), expected);
    });
  }

  it('tell a stop from an end by itself, and end with destroy', () => {
    const stopped = withContainer(exited, { desired: 'stopped' });
    assert.deepEqual(actions(withContainer(running), stopped), ['die 3', 'stop']);
    assert.deepEqual(actions(stopped, null), ['destroy']);
  });

  it('tell a restart that was asked for: the signal, the end, the start', () => {
    const asked = { desiredRun: 2, runReason: 'restart' } as const;
    const wanted = withContainer(running, asked);
    assert.deepEqual(actions(withContainer(running), wanted), ['kill']);
    const ended = withContainer(exited, asked);
    assert.deepEqual(actions(wanted, ended), ['die 3', 'stop']);
    const preparing = { ...ended, status: taskStatus({ run: 2, state: 'preparing', container: exited }) };
    assert.deepEqual(actions(wanted, preparing), ['die 3', 'stop'], 'told together with what follows');
    const again = (overrides: Partial<ContainerStatus> = {}): TaskObject => {
      const container = containerStatus({ startedAt: 'again', ...overrides });
      return { ...wanted, status: taskStatus({ run: 2, container }) };
    };
    assert.deepEqual(actions(ended, again()), ['start', 'restart']);
    assert.deepEqual(actions(ended, { ...again(), runReason: 'start' }), ['start']);
    // From then on its policy may start it again, which is no restart that somebody asked for.
    assert.deepEqual(actions(again(), again({ startedAt: 'once more', restartCount: 1 })), ['die', 'start']);
  });

  it('name the signal of a stop where the file has one', () => {
    const spec = serviceSpec('web', { container: containerSpec({ stopSignal: 'SIGQUIT' }) });
    const before = withContainer(running, { spec });
    const [kill, ...rest] = deriveEvents({ before, after: { ...before, desired: 'stopped' } }, 1);
    assert.deepEqual([kill?.action, kill?.attributes['signal'], rest], ['kill', 'SIGQUIT', []]);
    assert.deepEqual(actions(withContainer(exited), withContainer(exited, { desired: 'remove' })), []);
  });

  it('are none for a task that never had a container', () => {
    assert.deepEqual(actions(null, withContainer(null)), []);
    assert.deepEqual(actions(withContainer(null), null), []);
  });
});
