import assert from 'node:assert/strict';
import { rowsOfTasks, taskList, taskRows } from '../../../../src/cli/services/task-rows.ts';
import { containerStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';

const now = Date.parse('2026-11-21T12:00:10Z');
const nodes = new Map([
  ['n1', { hostname: 'alpha', state: 'ready', stateSince: '2026-11-21T11:00:00Z' }],
  ['n2', { hostname: 'beta', state: 'down', stateSince: '2026-11-21T12:00:06Z' }],
] as const);
const past = {
  id: 'lost',
  nodeId: 'n2',
  image: 'web',
  state: 'shutdown',
  at: '2026-11-21T12:00:06Z',
  message: 'node beta is down',
  attempt: 0,
  specHash: '',
} as const;

describe('rows of service ps', () => {
  const successor = taskObject('web', { id: 'next', nodeId: 'n1', history: [past] });

  it('are shown with short ids and short errors, or with whole ones', () => {
    const error = 'e'.repeat(61);
    const id = 'i'.repeat(64);
    const rows = taskRows(successor, nodes, now).map((row) => ({ ...row, ID: id, Error: error }));
    const shown = (isWhole: boolean): readonly (string | undefined)[] => {
      const cells = taskList(rows, isWhole).cells[0] ?? [];
      return [cells[0], cells.at(-1)];
    };
    assert.deepEqual(shown(false), ['i'.repeat(12), `${'e'.repeat(59)}…`]);
    assert.deepEqual(shown(true), [id, error]);
  });

  it('tell of what was before', () => {
    const rows = taskRows(successor, nodes, now);
    assert.deepEqual(
      rows.map(({ ID, Node }) => [ID, Node]),
      [
        ['next', 'alpha'],
        ['lost', 'beta'],
      ],
    );
  });

  it('tell why an earlier run has ended', () => {
    const run = { startedAt: null, finishedAt: '2026-11-21T12:00:00Z', exitCode: 137, signal: null, oomKilled: true };
    const container = containerStatus({
      runs: [{ ...run, exitCode: 0, oomKilled: false }, { ...run, oomKilled: false }, run],
    });
    const rows = taskRows(taskObject('web', { status: taskStatus({ container }) }), nodes, now);
    assert.deepEqual(
      rows.map(({ CurrentState, Error: why }) => `${CurrentState.split(' ')[0]} ${why}`),
      ['Running ', 'Failed killed: it used more memory than it may', 'Failed exited with code 137', 'Complete '],
    );
  });

  it('tell of a container on a lost node once, and for how long nothing is known of it', () => {
    const lost = taskObject('web', { id: 'lost', nodeId: 'n2' });
    const rows = rowsOfTasks([lost, successor], nodes, now);
    assert.deepEqual(
      rows.map(({ ID }) => ID),
      ['lost', 'next'],
    );
    assert.equal(
      taskRows({ ...lost, status: { ...lost.status, state: 'running' } }, nodes, now)[0]?.CurrentState,
      'Unknown since 4 seconds ago',
    );
  });

  it('tell of what was before a container on a lost node once: below its successor', () => {
    const older = { ...past, id: 'older', nodeId: 'n1' };
    const lost = taskObject('web', { id: 'lost', nodeId: 'n2', history: [older] });
    const next = taskObject('web', { id: 'next', nodeId: 'n1', history: [older, past] });
    const idsOf = (tasks: Parameters<typeof rowsOfTasks>[0]): readonly string[] =>
      rowsOfTasks(tasks, nodes, now).map(({ ID }) => ID);
    assert.deepEqual(idsOf([lost, next]), ['lost', 'next', 'older']);
    assert.deepEqual(idsOf([lost]), ['lost', 'older']);
    assert.deepEqual(idsOf([next]), ['next', 'lost', 'older']);
  });
});
