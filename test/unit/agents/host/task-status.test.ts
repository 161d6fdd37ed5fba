import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { ShimState } from '../../../../agents/host/tasks/shim.ts';
import { exitMessage } from '../../../../agents/host/tasks/task-status.ts';

const ended = (overrides: Partial<ShimState>): ShimState => ({
  id: 'c',
  seq: 1,
  phase: 'exited',
  pid: null,
  shimPid: 1,
  createdAt: '2026-01-01T00:00:00Z',
  startedAt: '2026-01-01T00:00:01Z',
  finishedAt: '2026-01-01T00:00:02Z',
  exitCode: 137,
  signal: null,
  oomKilled: false,
  restartCount: 0,
  nextRestartAt: null,
  error: null,
  droppedLogLines: 0,
  runs: [],
  ...overrides,
});

describe('what a status says of an end', () => {
  it('is the exit code of what has run', () => {
    assert.equal(exitMessage(ended({})), 'exited with code 137');
    assert.equal(exitMessage(ended({ exitCode: 0 })), '');
    assert.equal(exitMessage(ended({ phase: 'running' })), '');
  });

  it('is nothing where the container was stopped before it was started, unless it could not be', () => {
    assert.equal(exitMessage(ended({ startedAt: null })), '');
    const error = { code: 'exec-not-found', message: 'exec "x": not found' };
    assert.equal(exitMessage(ended({ startedAt: null, error })), error.message);
  });
});
