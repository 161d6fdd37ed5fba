import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { TaskObject } from '../../../../src/model/objects.ts';
import { isGoingOn, judgeTask, type TaskGoal } from '../../../../src/cli/tasks/task-goal.ts';
import { removalFailed } from '../../../../src/model/new-status.ts';
import { madeWord, taskWord } from '../../../../src/cli/tasks/task-word.ts';
import { containerStatus, exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const web = (overrides: Partial<TaskObject>): TaskObject => taskObject('web', overrides);
const health = (state: 'starting' | 'healthy' | 'unhealthy'): TaskObject['status'] =>
  taskStatus({ container: containerStatus({ health: { state, failingStreak: 1, lastOutput: 'no page' } }) });
const gate = (overrides: Partial<NonNullable<TaskObject['gate']>> = {}): TaskObject['gate'] => ({
  next: 'running',
  run: 1,
  message: 'waits for p-db-1 to be healthy',
  failed: false,
  ...overrides,
});
const made = taskStatus({ state: 'ready', container: containerStatus({ phase: 'created', startedAt: null }) });
const rejected = taskStatus({
  state: 'rejected',
  container: null,
  error: { code: 'not-found', message: 'pull image nope: not found', hint: 'check the name' },
});

describe('judgeTask', () => {
  const cases: readonly [string, TaskObject | undefined, TaskGoal, 'waiting' | 'reached' | 'failed', boolean?][] = [
    ['running is started', web({}), 'started', 'reached'],
    [
      'starting is not started yet',
      web({ status: taskStatus({ state: 'starting', container: null }) }),
      'started',
      'waiting',
    ],
    ['an end is started, whatever the code', web({ status: exitedStatus(1) }), 'started', 'reached'],
    ['the run before does not count', web({ desiredRun: 2 }), 'started', 'waiting'],
    ['the failure of the run before does not count', web({ desiredRun: 2, status: rejected }), 'started', 'waiting'],
    ['its start is held back', web({ desired: 'ready', gate: gate(), status: made }), 'started', 'waiting'],
    ['its start is held back for good', web({ desired: 'ready', gate: gate({ failed: true }) }), 'started', 'failed'],
    ['its image is not there', web({ status: rejected }), 'started', 'failed'],
    ['its image is not there, and only creation was wanted', web({ status: rejected }), 'created', 'failed'],
    ['it is made', web({ desired: 'ready', status: made }), 'created', 'reached'],
    [
      'it is made while its start is held back',
      web({ desired: 'ready', gate: gate(), status: made }),
      'created',
      'reached',
    ],
    ['it is being made', web({ status: taskStatus({ state: 'preparing', container: null }) }), 'created', 'waiting'],
    ['running without a check is ready', web({}), 'ready', 'reached'],
    ['its first check is under way', web({ status: health('starting') }), 'ready', 'waiting'],
    ['healthy is ready', web({ status: health('healthy') }), 'ready', 'reached'],
    ['unhealthy is a failure', web({ status: health('unhealthy') }), 'ready', 'failed'],
    ['an end is a failure of --wait', web({ status: exitedStatus(0) }), 'ready', 'failed'],
    ['an end with 0 that somebody waits for is none', web({ status: exitedStatus(0) }), 'ready', 'reached', true],
    ['an end with 1 that somebody waits for is one', web({ status: exitedStatus(1) }), 'ready', 'failed', true],
    ['a run whose end somebody waits for goes on', web({}), 'ready', 'waiting', true],
    [
      'waiting to be restarted',
      web({ status: taskStatus({ container: containerStatus({ phase: 'restarting' }) }) }),
      'ready',
      'waiting',
    ],
    ['stopping is not stopped', web({ desired: 'stopped' }), 'stopped', 'waiting'],
    ['ended and meant to', web({ desired: 'stopped', status: exitedStatus(143) }), 'stopped', 'reached'],
    ['ended but not meant to', web({ status: exitedStatus(143) }), 'stopped', 'waiting'],
    ['its stop is held back', web({ gate: gate({ next: 'stopped' }) }), 'stopped', 'waiting'],
    ['gone is stopped', undefined, 'stopped', 'reached'],
    ['gone is removed', undefined, 'removed', 'reached'],
    ['on its way out', web({ desired: 'remove' }), 'removed', 'waiting'],
    ['gone is not started', undefined, 'started', 'failed'],
  ];
  for (const [title, task, goal, verdict, mayComplete] of cases) {
    it(`${goal}: ${title}`, () =>
      assert.equal(judgeTask(task, goal, { mayComplete: mayComplete === true, nowMs: Infinity }).kind, verdict));
  }

  it('takes a container without a check for ready when it has run for half a second', () => {
    const startedAt = '2026-01-01T00:00:10.000Z';
    const startedMs = Date.parse(startedAt);
    const at = (nowMs: number, overrides: Parameters<typeof containerStatus>[0] = {}): unknown =>
      judgeTask(web({ status: taskStatus({ container: containerStatus({ startedAt, ...overrides }) }) }), 'ready', {
        mayComplete: false,
        nowMs,
      });
    assert.deepEqual(at(startedMs), { kind: 'waiting', forMs: 500 });
    assert.deepEqual(at(startedMs + 400), { kind: 'waiting', forMs: 100 });
    assert.deepEqual(at(startedMs + 500), { kind: 'reached' });
    assert.deepEqual(at(startedMs - 3_600_000), { kind: 'waiting', forMs: 500 }, 'whatever the clock of the node says');
    assert.deepEqual(at(startedMs, { phase: 'restarting' }), { kind: 'waiting' });
    assert.deepEqual(at(startedMs, { health: { state: 'healthy', failingStreak: 0, lastOutput: '' } }), {
      kind: 'reached',
    });
  });

  it('says why: the message and hint of the error, the gate, the check', () => {
    assert.deepEqual(judgeTask(web({ status: rejected }), 'started'), {
      kind: 'failed',
      message: 'container p-web-1: pull image nope: not found',
      hint: 'check the name',
    });
    const message = 'dependency failed to start: container p-db-1 exited (1)';
    assert.deepEqual(judgeTask(web({ gate: gate({ failed: true, message }) }), 'started'), {
      kind: 'failed',
      message,
      hint: null,
    });
    assert.deepEqual(judgeTask(web({ status: health('unhealthy') }), 'ready'), {
      kind: 'failed',
      message: 'container p-web-1 is unhealthy',
      hint: 'its check said: no page',
    });
  });
});

describe('isGoingOn', () => {
  const cases: readonly (readonly [string, TaskObject, boolean])[] = [
    ['running', web({}), true],
    ['not started yet', web({ status: taskStatus({ state: 'preparing', container: null }) }), true],
    ['about to run again', web({ desiredRun: 2, status: exitedStatus(0) }), true],
    ['waiting for a dependency', web({ desired: 'ready', gate: gate(), status: made }), true],
    ['waiting in vain', web({ desired: 'ready', gate: gate({ failed: true }), status: made }), false],
    ['being stopped', web({ desired: 'stopped' }), true],
    ['ended', web({ status: exitedStatus(0) }), false],
    ['created only', web({ desired: 'ready', status: made }), false],
  ];
  for (const [title, task, expected] of cases) it(title, () => assert.equal(isGoingOn(task), expected));
});

describe('taskWord', () => {
  const cases: readonly (readonly [TaskObject, Parameters<typeof taskWord>[1], boolean, string | undefined])[] = [
    [web({ status: taskStatus({ state: 'preparing', container: null }) }), 'create', false, 'Creating'],
    [web({ status: taskStatus({ state: 'preparing', container: null }) }), 'replace', false, 'Recreate'],
    [web({ desired: 'ready', status: made }), 'create', false, 'Created'],
    [web({ desired: 'ready', gate: gate(), status: made }), 'create', false, 'Waiting'],
    [web({ desired: 'ready', gate: gate({ failed: true }) }), 'create', false, 'Error'],
    [
      web({ status: taskStatus({ state: 'pending', container: null, message: 'no node' }) }),
      'create',
      false,
      'Waiting',
    ],
    [web({ status: taskStatus({ state: 'starting', container: null }) }), 'create', false, 'Starting'],
    [web({ status: taskStatus({ state: 'starting', container: null }) }), 'restart', false, 'Restarting'],
    [web({ desiredRun: 2 }), 'restart', false, 'Restarting'],
    [web({}), 'create', false, 'Started'],
    [web({}), 'restart', false, 'Restarted'],
    [web({}), 'keep', false, 'Running'],
    [web({ status: health('starting') }), 'create', true, 'Waiting'],
    [web({ status: health('healthy') }), 'create', true, 'Healthy'],
    [web({ status: health('healthy') }), 'create', false, 'Started'],
    [web({ status: exitedStatus(3) }), 'create', false, 'Exited'],
    [web({ status: rejected }), 'create', false, 'Error'],
    [web({ desired: 'stopped' }), 'keep', false, 'Stopping'],
    [web({ desired: 'stopped', status: exitedStatus(0) }), 'keep', false, 'Stopped'],
    [web({ desired: 'remove' }), 'keep', false, 'Stopping'],
    [web({ desired: 'remove', status: exitedStatus(0) }), 'keep', false, 'Removing'],
    // To run again, or to end, when its turn comes.
    [web({ desired: 'stopped', gate: gate({ run: 2 }), status: exitedStatus(0) }), 'start', false, 'Waiting'],
    [web({ gate: gate({ run: 2 }), status: exitedStatus(0) }), 'start', true, 'Waiting'],
    [web({ gate: gate({ next: 'stopped' }) }), 'keep', false, undefined],
    [web({ gate: gate({ next: 'remove' }) }), 'keep', false, undefined],
  ];
  for (const [task, change, waits, text] of cases) {
    it(`${task.desired}, ${task.status.state}, ${change}: ${text ?? 'nothing'}`, () => {
      assert.equal(taskWord(task, change, waits)?.text, text);
    });
  }

  it('says why a removal takes long', () => {
    const error = { code: removalFailed, message: 'the file is in use', hint: null };
    const stuck = web({ desired: 'remove', status: { ...exitedStatus(0), error } });
    const details = 'the file is in use; it is tried again';
    assert.deepEqual(taskWord(stuck, 'keep', false), { state: 'warning', text: 'Removing', details });
  });
});

describe('madeWord', () => {
  it('says what became of a container that only had to be made', () => {
    const words = (['create', 'start', 'replace', 'keep'] as const).map((change) => madeWord(web({}), change).text);
    assert.deepEqual(words, ['Created', 'Created', 'Recreated', 'Running']);
    assert.equal(madeWord(web({ status: exitedStatus(0) }), 'keep').text, 'Created');
  });
});
