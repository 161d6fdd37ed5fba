import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { pickContainers, requireHostUp } from '../../../../src/cli/project/pick-containers.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { exitedStatus, nodeObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const tasks: readonly TaskObject[] = [
  taskObject('web', { slot: 2 }),
  taskObject('web', { slot: 1, id: 'old', status: exitedStatus(1) }),
  taskObject('web', { slot: 1 }),
  taskObject('web', { slot: 3, status: exitedStatus(0) }),
  taskObject('web', { slot: 4, status: taskStatus({ state: 'pending', container: null }) }),
  taskObject('web', { slot: 1, id: 'run', oneOff: { autoRemove: false, useAliases: false } }),
  taskObject('db'),
];
const pick = (index?: number, oneOffs = false): readonly string[] =>
  pickContainers(tasks, 'web', { index, oneOffs }).map(({ id }) => id);

describe('containers of a service', () => {
  it('are all that exist, by number, and of a number those that run', () => {
    assert.deepEqual(pick(), ['p-web-1', 'p-web-2', 'p-web-3']);
    assert.deepEqual(pick(undefined, true).toSorted(), ['p-web-1', 'p-web-2', 'p-web-3', 'run']);
  });

  it('are the one with the number, or none', () => {
    assert.deepEqual(pick(3), ['p-web-3']);
    assert.throws(() => pick(4), { code: 'not-found', message: 'service "web" has no container #4' });
    assert.throws(() => pickContainers([], 'web', { index: undefined, oneOffs: true }), {
      message: 'service "web" has no container',
      hint: 'make it with `tsstack create web`',
    });
  });

  it('cannot be reached while their host is down', () => {
    const node = nodeObject({ state: 'down', stateSince: '2026-01-01T00:00:09Z' });
    const nodes = new Map([[node.id, node]]);
    assert.throws(() => requireHostUp(taskObject('web'), nodes), {
      code: 'unavailable',
      message: 'container p-web-1 is on node n1, which is down since 2026-01-01T00:00:09Z',
    });
    requireHostUp(taskObject('web', { nodeId: 'n2' }), nodes);
    requireHostUp(taskObject('web'), new Map([['n1', nodeObject()]]));
  });
});
