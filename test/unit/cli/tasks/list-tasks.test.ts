import assert from 'node:assert/strict';
import { sortTasks } from '../../../../src/cli/tasks/list-tasks.ts';
import { taskObject } from '../../../fixtures/objects.ts';

describe('the order of containers', () => {
  it('is by number, and of those with one name the newest is first, whatever their ids are', () => {
    const at = (second: number): string => `2026-11-21T12:00:0${second}Z`;
    const task = (id: string, slot: number, second: number): ReturnType<typeof taskObject> =>
      taskObject('web', { id, slot, containerName: `app-web-${slot}`, createdAt: at(second) });
    const sorted = sortTasks([task('c', 10, 1), task('a', 2, 1), task('d', 2, 3), task('b', 2, 2)]);
    assert.deepEqual(
      sorted.map(({ id }) => id),
      ['d', 'b', 'a', 'c'],
    );
  });
});
