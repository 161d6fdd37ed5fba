import assert from 'node:assert/strict';
import { reconcileStack } from '../../../../src/manager/orchestrators/dependencies/dependencies.ts';
import { wantRemoved, wantStarted, wantStopped } from '../../../../src/manager/tasks/task-intents.ts';
import type { TaskObject } from '../../../../src/model/objects.ts';
import type { PreStartHookSpec, ServiceSpec } from '../../../../src/model/spec.ts';
import { exitedStatus, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

const now = '2026-01-01T00:00:00Z';
const hook = (change: Partial<PreStartHookSpec> = {}): PreStartHookSpec => ({
  command: ['prepare'],
  image: null,
  user: null,
  privileged: false,
  workingDir: null,
  environment: {},
  perReplica: false,
  ...change,
});
const withHooks = (...preStart: PreStartHookSpec[]): ServiceSpec =>
  serviceSpec('web', { hooks: { preStart, postStart: [], preStop: [] } });
const created = (spec: ServiceSpec, slot = 1): TaskObject =>
  taskObject('web', { slot, spec, desired: 'ready', status: taskStatus({ state: 'ready', container: null }) });

/** The tasks of a stack, and the rounds of the loop over them. */
class Rounds {
  readonly #tasks: Map<string, TaskObject>;

  constructor(...tasks: readonly TaskObject[]) {
    this.#tasks = new Map(tasks.map((task) => [task.containerName, task]));
    this.go();
  }

  /** Until nothing changes any more; each write is a new version, as in the store. */
  go(): void {
    for (let changed = this.#round(); changed > 0; changed = this.#round());
  }

  get(name: string): TaskObject {
    return this.#tasks.get(name) ?? assert.fail(`no ${name} among ${[...this.#tasks.keys()].join()}`);
  }

  change(name: string, change: (task: TaskObject) => TaskObject): void {
    this.#tasks.set(name, change(this.get(name)));
    this.go();
  }

  end(name: string, code: number): void {
    this.change(name, (task) => ({ ...task, status: exitedStatus(code) }));
  }

  /** Names of the containers of hooks that are wanted. */
  get hooks(): readonly string[] {
    const all = [...this.#tasks.values()];
    return all
      .filter(({ hookOf, desired }) => hookOf !== null && desired !== 'remove')
      .map((task) => task.containerName);
  }

  #round(): number {
    const changed = reconcileStack([...this.#tasks.values()], now);
    for (const task of changed) this.#tasks.set(task.containerName, { ...task, version: task.version + 1 });
    return changed.length;
  }
}

describe('pre_start hooks', () => {
  it('run one after the other before the container starts, and go when they have ended well', () => {
    const rounds = new Rounds(wantStarted(created(withHooks(hook(), hook())), true));
    assert.deepEqual(rounds.hooks, ['p-web-1-pre-start-1']);
    rounds.end('p-web-1-pre-start-1', 0);
    assert.deepEqual(rounds.hooks, ['p-web-1-pre-start-2']);
    assert.equal(rounds.get('p-web-1').desired, 'ready');
    rounds.end('p-web-1-pre-start-2', 0);
    assert.deepEqual(rounds.hooks, []);
    assert.equal(rounds.get('p-web-1').desired, 'running');
  });

  it('wait until the container has been made', () => {
    const task = { ...created(withHooks(hook())), status: taskStatus({ state: 'preparing', container: null }) };
    assert.deepEqual(new Rounds(wantStarted(task, true)).hooks, []);
  });

  it('that fail keep the start back and stay; the next start begins again', () => {
    const rounds = new Rounds(wantStarted(created(withHooks(hook(), hook())), true));
    rounds.end('p-web-1-pre-start-1', 0);
    const first = rounds.get('p-web-1-pre-start-2').id;
    rounds.end('p-web-1-pre-start-2', 4);
    assert.deepEqual(rounds.get('p-web-1').gate, {
      next: 'running',
      run: 1,
      message: 'web pre_start[1] hook exited with status 4',
      failed: true,
    });
    assert.deepEqual(rounds.hooks, ['p-web-1-pre-start-2']);
    rounds.change('p-web-1', (task) => wantStarted(task, true));
    rounds.end('p-web-1-pre-start-1', 0);
    assert.notEqual(rounds.get('p-web-1-pre-start-2').id, first);
  });

  it('run once for several containers, or before each', () => {
    const spec = withHooks(hook(), hook({ perReplica: true }));
    const rounds = new Rounds(wantStarted(created(spec, 1), true), wantStarted(created(spec, 2), true));
    assert.deepEqual(rounds.hooks, ['p-web-1-pre-start-1']);
    rounds.end('p-web-1-pre-start-1', 0);
    assert.deepEqual([...rounds.hooks].sort(), ['p-web-1-pre-start-2', 'p-web-2-pre-start-2']);
    rounds.end('p-web-2-pre-start-2', 0);
    assert.equal(rounds.get('p-web-2').desired, 'running');
    assert.equal(rounds.get('p-web-1').desired, 'ready');
  });

  it('do not run while a container of the same kind runs, but do for one of another', () => {
    const spec = withHooks(hook());
    const more = new Rounds(taskObject('web', { spec }), wantStarted(created(spec, 2), true));
    assert.deepEqual(more.hooks, []);
    assert.equal(more.get('p-web-2').desired, 'running');
    const other = { ...created(spec, 2), specHash: 'other' };
    assert.deepEqual(new Rounds(taskObject('web', { spec }), wantStarted(other, true)).hooks, ['p-web-2-pre-start-1']);
  });

  it('go with the container that waits for them, and when it is stopped', () => {
    for (const end of [(task: TaskObject) => wantRemoved(task, { removeVolumes: false, stopGraceMs: null }), stop]) {
      const rounds = new Rounds(wantStarted(created(withHooks(hook())), true));
      rounds.change('p-web-1', end);
      assert.deepEqual(rounds.hooks, []);
    }
  });

  it('are not part of containers that are no service, and have none themselves', () => {
    const oneOff = { ...created(withHooks(hook())), oneOff: { autoRemove: false, useAliases: false } };
    assert.equal(wantStarted(oneOff, true).preStart, null);
    const rounds = new Rounds(wantStarted(created(withHooks(hook({ image: 'other' }))), true));
    const { spec, oneOff: isOneOff } = rounds.get('p-web-1-pre-start-1');
    assert.equal(isOneOff?.autoRemove, false);
    assert.equal(spec.image, 'other');
    assert.deepEqual(spec.hooks.preStart, []);
  });
});

function stop(task: TaskObject): TaskObject {
  return wantStopped(task, null);
}
