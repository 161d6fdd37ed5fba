import assert from 'node:assert/strict';
import { deriveEvents } from '../../../../src/manager/events/derive-events.ts';
import type { ContainerStatus, TaskObject } from '../../../../src/model/objects.ts';
import { containerStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const withContainer = (container: ContainerStatus | null, overrides: Partial<TaskObject> = {}): TaskObject =>
  taskObject('web', { status: taskStatus({ container }), ...overrides });
const created = containerStatus({ phase: 'created', startedAt: null });
const running = containerStatus();
const exited = containerStatus({ phase: 'exited', finishedAt: 'later', exitCode: 3 });
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
    ['it restarts', running, containerStatus({ startedAt: 'later', restartCount: 1 }), ['die', 'start']],
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

  it('are none for a task that never had a container', () => {
    assert.deepEqual(actions(null, withContainer(null)), []);
    assert.deepEqual(actions(withContainer(null), null), []);
  });
});
