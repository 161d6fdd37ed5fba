import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  planService,
  type ServiceStep,
  type ServiceWish,
} from '../../../../src/manager/orchestrators/replicated/plan-service.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { containerStatus, exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { LookupIndex } from '../../../../src/manager/store/object-index.ts';
import { imageChange } from '../../../../src/manager/tasks/image-change.ts';

const wish = (overrides: Partial<ServiceWish> = {}): ServiceWish => ({
  isJob: false,
  replicas: 1,
  specHash: 'hash',
  forceCount: 0,
  recreate: 'diverged',
  start: true,
  isNamespaceReplaced: false,
  isVolumeReplaced: false,
  hasImageMoved: (task) => imageChange(new LookupIndex(), task) !== null,
  nodes: null,
  maxConcurrent: null,
  isRolled: false,
  ...overrides,
});

const web = (slot: number, overrides: Partial<TaskObject> = {}): TaskObject =>
  taskObject('web', { slot, ...overrides });

function words(steps: readonly ServiceStep[]): readonly string[] {
  return steps.map((step) => `${step.type} ${'task' in step ? step.task.slot : step.slot}`);
}

describe('the plan of a service', () => {
  const newImage = { status: taskStatus({ container: containerStatus({ currentImageId: 'sha256:1' }) }) };
  const lostImage = { status: taskStatus({ container: containerStatus({ currentImageId: null }) }) };
  const gone = { next: 'remove', run: 1, message: '', failed: false } as const;
  const cases: readonly [string, readonly TaskObject[], Partial<ServiceWish>, readonly string[]][] = [
    ['creates the first replicas from number 1', [], { replicas: 2 }, ['create 1', 'create 2']],
    ['keeps what is as wanted', [web(1)], {}, ['keep 1']],
    [
      'gives a new replica the highest number plus 1',
      [web(1), web(4)],
      { replicas: 3 },
      ['keep 1', 'keep 4', 'create 5'],
    ],
    ['removes the highest numbers', [web(1), web(2), web(3)], { replicas: 1 }, ['keep 1', 'remove 2', 'remove 3']],
    ['removes diverged ones first', [web(1, { specHash: 'old' }), web(2)], { replicas: 1 }, ['remove 1', 'keep 2']],
    [
      'replaces those whose image has other content by now',
      [web(1, newImage), web(2)],
      { replicas: 2 },
      ['replace 1', 'keep 2'],
    ],
    ['keeps those whose image has lost its name', [web(1, lostImage)], {}, ['keep 1']],
    ['replaces diverged ones in their slot', [web(2, { specHash: 'old' })], {}, ['replace 2']],
    ['replaces when forced', [web(1)], { forceCount: 1 }, ['replace 1']],
    ['replaces when a volume is made anew', [web(1)], { isVolumeReplaced: true }, ['replace 1']],
    ['replaces when the shared namespace is new', [web(1)], { isNamespaceReplaced: true }, ['replace 1']],
    ['never replaces with --no-recreate', [web(1, { specHash: 'old' })], { recreate: 'never' }, ['keep 1']],
    ['starts what has exited', [web(1, { status: exitedStatus(0) })], {}, ['start 1']],
    ['starts what was stopped', [web(1, { desired: 'stopped', status: exitedStatus(1) })], {}, ['start 1']],
    ['starts what was only created', [web(1, { desired: 'ready' })], {}, ['start 1']],
    ['starts nothing with --no-start', [web(1, { status: exitedStatus(0) })], { start: false }, ['keep 1']],
    ['does not count what leaves', [web(1, { desired: 'remove' }), web(2, { gate: gone })], {}, ['create 1']],
    ['does not count one-offs', [web(1, { oneOff: { autoRemove: false, useAliases: false } })], {}, ['create 1']],
    ['scales to zero', [web(1)], { replicas: 0 }, ['remove 1']],
  ];
  for (const [title, tasks, overrides, expected] of cases) {
    it(title, () => assert.deepEqual(words(planService(tasks, wish(overrides))), expected));
  }

  it('leaves as many as wanted, in distinct slots, and keeps those that match', () => {
    const task = fc.record({ slot: fc.integer({ min: 1, max: 9 }), isOld: fc.boolean(), isLeaving: fc.boolean() });
    const tasks = fc
      .uniqueArray(task, { selector: ({ slot }) => slot })
      .map((all) =>
        all.map(({ slot, isOld, isLeaving }) =>
          web(slot, { specHash: isOld ? 'old' : 'hash', desired: isLeaving ? 'remove' : 'running' }),
        ),
      );
    fc.assert(
      fc.property(tasks, fc.nat(9), (current, replicas) => {
        const steps = planService(current, wish({ replicas }));
        const staying = steps.filter(({ type }) => type !== 'remove');
        assert.equal(staying.length, replicas);
        const slots = staying.map((step) => ('task' in step ? step.task.slot : step.slot));
        assert.equal(new Set(slots).size, slots.length);
        for (const step of steps) {
          if (step.type === 'replace') assert.equal(step.task.specHash, 'old');
          if ('task' in step) assert.notEqual(step.task.desired, 'remove');
        }
      }),
    );
  });
});
