import assert from 'node:assert/strict';
import { reconcileStack } from '../../../../src/manager/orchestrators/dependencies/dependencies.ts';
import { wantRemoved, wantStarted, wantStopped } from '../../../../src/manager/tasks/task-intents.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { containerStatus, exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { dependsOn, serviceSpec } from '../../../fixtures/specs.ts';

const dependant = (on: ServiceSpec['dependsOn'], overrides: Partial<TaskObject> = {}): TaskObject =>
  taskObject('api', { spec: serviceSpec('api', { dependsOn: on }), ...overrides });

const now = '2026-01-01T00:00:00Z';

/** The dependant after it was asked to start beside that dependency. */
function startBeside(condition: Parameters<typeof dependsOn>[0], db: TaskObject, required = true): TaskObject {
  const api = dependant(
    { db: dependsOn(condition, { required }) },
    { desired: 'ready', status: taskStatus({ state: 'ready', container: null }) },
  );
  return settled([wantStarted(api, true), db, disk], 'p-api-1');
}

/** What `db` waits for where it waits. */
const disk = taskObject('disk', {
  status: taskStatus({
    container: containerStatus({ health: { state: 'starting', failingStreak: 0, lastOutput: '' } }),
  }),
});

function settled(tasks: readonly TaskObject[], name: string): TaskObject {
  const changed = reconcileStack(tasks, now).find(({ containerName }) => containerName === name);
  const found = changed ?? tasks.find(({ containerName }) => containerName === name);
  assert.ok(found !== undefined);
  return found;
}

const healthy = (state: 'starting' | 'healthy' | 'unhealthy'): TaskObject =>
  taskObject('db', {
    status: taskStatus({ container: containerStatus({ health: { state, failingStreak: 0, lastOutput: '' } }) }),
  });
const notStarted = taskObject('db', { status: taskStatus({ state: 'ready', container: null }) });
const rejected = taskObject('db', {
  status: taskStatus({ state: 'rejected', container: null, error: { code: 'x', message: 'no image', hint: null } }),
});
const exited = (code: number): TaskObject => taskObject('db', { status: exitedStatus(code) });
const restarting = (task: TaskObject): TaskObject => ({ ...task, desiredRun: 2 });
/** A new run is wanted, and something in front of it is not there yet. */
const heldBack = (task: TaskObject): TaskObject => ({
  ...task,
  desired: 'stopped',
  gate: { next: 'running', run: 2, message: 'waits for p-disk-1 to be healthy', failed: false },
  spec: serviceSpec('db', { dependsOn: { disk: dependsOn('service_healthy') } }),
});

describe('a dependant', () => {
  type Expected = 'starts' | 'waits' | string;
  const cases: readonly [Parameters<typeof dependsOn>[0], string, TaskObject, Expected][] = [
    ['service_started', 'runs', taskObject('db'), 'starts'],
    ['service_started', 'is only prepared', notStarted, 'waits'],
    ['service_started', 'has run and failed', exited(1), 'starts'],
    ['service_started', 'could not be made', rejected, 'dependency failed to start: container p-db-1: no image'],
    ['service_started', 'ran once, and is about to run again', restarting(taskObject('db')), 'waits'],
    ['service_healthy', 'is healthy', healthy('healthy'), 'starts'],
    ['service_healthy', 'is not healthy yet', healthy('starting'), 'waits'],
    [
      'service_healthy',
      'is unhealthy',
      healthy('unhealthy'),
      'dependency failed to start: container p-db-1 is unhealthy',
    ],
    ['service_healthy', 'exited', exited(1), 'dependency failed to start: container p-db-1 exited (1)'],
    [
      'service_healthy',
      'has no check',
      taskObject('db'),
      'dependency failed to start: container p-db-1 has no healthcheck configured',
    ],
    ['service_healthy', 'was healthy in an earlier run', restarting(healthy('healthy')), 'waits'],
    ['service_completed_successfully', 'completed', exited(0), 'starts'],
    ['service_completed_successfully', 'still runs', taskObject('db'), 'waits'],
    [
      'service_completed_successfully',
      'failed',
      exited(2),
      'dependency failed to start: service "db" didn\'t complete successfully: exit 2',
    ],
    ['service_completed_successfully', 'completed and runs again', restarting(exited(0)), 'waits'],
    ['service_started', 'ended, and is to run again in its turn', heldBack(exited(143)), 'waits'],
    ['service_healthy', 'ended, and is to run again in its turn', heldBack(exited(143)), 'waits'],
    ['service_completed_successfully', 'completed, and is to run again in its turn', heldBack(exited(0)), 'waits'],
    ['service_started', 'could not be made before, and is tried again in its turn', heldBack(rejected), 'waits'],
  ];
  for (const [condition, state, db, expected] of cases) {
    it(`with ${condition} ${expected === 'starts' || expected === 'waits' ? expected : 'fails'} when its dependency ${state}`, () => {
      const api = startBeside(condition, db);
      if (expected === 'starts') assert.deepEqual([api.desired, api.gate], ['running', null]);
      else if (expected === 'waits') assert.deepEqual([api.desired, api.gate?.failed], ['ready', false]);
      else assert.deepEqual([api.desired, api.gate?.failed, api.gate?.message], ['ready', true, expected]);
    });
  }

  it('starts in spite of a failed dependency that is not required', () => {
    assert.equal(startBeside('service_healthy', healthy('unhealthy'), false).desired, 'running');
    assert.equal(startBeside('service_healthy', healthy('starting'), false).desired, 'ready');
  });

  it('waits for all replicas', () => {
    const second = taskObject('db', { slot: 2, status: taskStatus({ state: 'ready', container: null }) });
    const api = dependant({ db: dependsOn('service_started') }, { desired: 'stopped', status: exitedStatus(0) });
    assert.notEqual(settled([wantStarted(api, true), taskObject('db'), second], 'p-api-1').gate, null);
  });

  it('does not wait for replicas that leave, nor for one-offs, nor for a service without containers', () => {
    const leaving = { ...notStarted, desired: 'remove' } as const;
    const oneOff = { ...notStarted, id: 'x', containerName: 'x', oneOff: { autoRemove: false, useAliases: false } };
    const api = dependant({ db: dependsOn('service_started'), none: dependsOn('service_healthy') });
    const waiting = wantStarted({ ...api, desired: 'stopped', status: exitedStatus(0) }, true);
    assert.equal(settled([waiting, leaving, oneOff], 'p-api-1').desired, 'running');
  });

  it('begins a new run when it has run before, and the first one when it has not', () => {
    const ended = dependant({ db: dependsOn('service_started') }, { status: exitedStatus(0) });
    assert.equal(settled([wantStarted(ended, true), taskObject('db')], 'p-api-1').desiredRun, 2);
    assert.equal(startBeside('service_started', taskObject('db')).desiredRun, 1);
  });
});

describe('the end of a dependency', () => {
  const api = dependant({ db: dependsOn('service_started') });
  const db = taskObject('db');

  it('waits until dependants that end as well have ended', () => {
    const tasks = [wantStopped(api, null), wantStopped(db, null)];
    assert.equal(settled(tasks, 'p-api-1').desired, 'stopped');
    const waiting = settled(tasks, 'p-db-1');
    assert.deepEqual([waiting.desired, waiting.gate?.message], ['running', 'waits for p-api-1 to end']);
    const ended = { ...api, desired: 'stopped', status: exitedStatus(0) } as const;
    assert.equal(settled([ended, waiting], 'p-db-1').desired, 'stopped');
  });

  it('does not wait for dependants that stay', () => {
    assert.equal(settled([api, wantStopped(db, null)], 'p-db-1').desired, 'stopped');
  });

  it('waits for nothing when the dependant was never placed', () => {
    const options = { removeVolumes: false, stopGraceMs: null };
    const unplaced = { ...api, nodeId: null, status: taskStatus({ state: 'pending', container: null }) } as const;
    const tasks = [wantRemoved(unplaced, options), wantRemoved(db, options)];
    assert.equal(settled(tasks, 'p-db-1').desired, 'remove');
  });
});

describe('facts that only the agent knows at first', () => {
  it('make a task that a client has started wanted to run', () => {
    const started = taskObject('app', { desired: 'ready' });
    assert.equal(settled([started], 'p-app-1').desired, 'running');
  });

  it('make a finished one-off with --rm go, and no other', () => {
    const oneOff = (autoRemove: boolean): TaskObject =>
      taskObject('app', { oneOff: { autoRemove, useAliases: false }, status: exitedStatus(3) });
    assert.deepEqual(
      [settled([oneOff(true)], 'p-app-1').desired, settled([oneOff(true)], 'p-app-1').removeVolumes],
      ['remove', true],
    );
    assert.deepEqual(reconcileStack([oneOff(false)], now), []);
    assert.deepEqual(reconcileStack([{ ...oneOff(true), status: taskStatus() }], now), []);
  });
});
