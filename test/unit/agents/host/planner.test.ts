import assert from 'node:assert/strict';
import { nextStep } from '../../../../agents/host/tasks/next-step.ts';
import type { TaskStep, TaskView } from '../../../../agents/host/tasks/next-step.ts';

const view: TaskView = {
  desired: 'running',
  desiredRun: 1,
  run: 1,
  state: 'running',
  container: 'running',
  stopping: null,
  hook: null,
  hasPreStop: false,
  graceMs: 10_000,
  serving: false,
  isGated: false,
  isHealthy: true,
};

const cases: readonly { readonly when: string; readonly view: Partial<TaskView>; readonly step: TaskStep }[] = [
  {
    when: 'it was just assigned',
    view: { run: 0, state: 'assigned', container: 'none' },
    step: { kind: 'prepare', run: 1, start: true },
  },
  {
    when: 'it is wanted ready',
    view: { desired: 'ready', run: 0, state: 'assigned', container: 'none' },
    step: { kind: 'prepare', run: 1, start: false },
  },
  {
    when: 'it is ready as wanted',
    view: { desired: 'ready', state: 'ready', container: 'created' },
    step: { kind: 'none' },
  },
  { when: 'it is ready and may start', view: { state: 'ready', container: 'created' }, step: { kind: 'start' } },
  { when: 'it runs as wanted', view: {}, step: { kind: 'none' } },
  {
    when: 'it came up beside another one and is healthy',
    view: { isGated: true },
    step: { kind: 'serve' },
  },
  {
    when: 'it came up beside another one and is not healthy yet',
    view: { isGated: true, isHealthy: false },
    step: { kind: 'none' },
  },
  { when: 'it came up beside another one and serves', view: { isGated: true, serving: true }, step: { kind: 'none' } },
  {
    when: 'it is to stop and still serves',
    view: { desired: 'stopped', serving: true, hasPreStop: true },
    step: { kind: 'leave' },
  },
  { when: 'it restarts by itself', view: { container: 'restarting' }, step: { kind: 'none' } },
  { when: 'it has ended', view: { state: 'complete', container: 'exited' }, step: { kind: 'none' } },
  {
    when: 'it failed before it had a container',
    view: { state: 'rejected', container: 'none' },
    step: { kind: 'none' },
  },
  {
    when: 'a new run is wanted of an ended one',
    view: { desiredRun: 2, state: 'complete', container: 'exited' },
    step: { kind: 'prepare', run: 2, start: true },
  },
  { when: 'a new run is wanted of a running one', view: { desiredRun: 2 }, step: { kind: 'stop', graceMs: 10_000 } },
  { when: 'it is to stop', view: { desired: 'stopped' }, step: { kind: 'stop', graceMs: 10_000 } },
  { when: 'it is stopping', view: { desired: 'stopped', stopping: 10_000 }, step: { kind: 'none' } },
  {
    when: 'it is stopping and shall be quicker',
    view: { desired: 'stopped', stopping: 10_000, graceMs: 0 },
    step: { kind: 'stop', graceMs: 0 },
  },
  {
    when: 'it would stop at leisure and shall stop in time',
    view: { desired: 'remove', stopping: -1, graceMs: 5 },
    step: { kind: 'stop', graceMs: 5 },
  },
  {
    when: 'it is stopping and may take longer',
    view: { desired: 'stopped', stopping: 1, graceMs: -1 },
    step: { kind: 'none' },
  },
  {
    when: 'it is to stop before anything was made',
    view: { desired: 'stopped', state: 'preparing', container: 'none' },
    step: { kind: 'cancel' },
  },
  {
    when: 'it was stopped before',
    view: { desired: 'stopped', state: 'shutdown', container: 'exited' },
    step: { kind: 'none' },
  },
  { when: 'it is to go and runs', view: { desired: 'remove' }, step: { kind: 'stop', graceMs: 10_000 } },
  {
    when: 'it is to go and has ended',
    view: { desired: 'remove', state: 'failed', container: 'exited' },
    step: { kind: 'remove' },
  },
  {
    when: 'it is to go and never was',
    view: { desired: 'remove', state: 'assigned', container: 'none' },
    step: { kind: 'remove' },
  },
  { when: 'its shim vanished', view: { container: 'lost' }, step: { kind: 'recover' } },
  { when: 'the machine went down under it', view: { container: 'none' }, step: { kind: 'recover' } },
  {
    when: 'the daemon was killed before it made the container',
    view: { state: 'starting', container: 'none' },
    step: { kind: 'prepare', run: 1, start: true },
  },
  {
    when: 'its shim vanished while it stopped',
    view: { desired: 'stopped', container: 'lost', stopping: 5 },
    step: { kind: 'cancel' },
  },
];

describe('planner of tasks', () => {
  for (const { when, view: change, step } of cases) {
    it(`chooses ${step.kind} when ${when}`, () => assert.deepEqual(nextStep({ ...view, ...change }), step));
  }
});
