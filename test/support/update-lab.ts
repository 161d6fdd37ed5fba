/** A manager and its agents with a clock of their own: what takes minutes takes none. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PretendTask, runsForEver, type Behaviour, type Report } from '../../agents/simulated/pretend-task.ts';
import { allocator } from '../../src/manager/allocator/allocator.ts';
import { applyStack } from '../../src/manager/api/apply-stack.ts';
import { ContentSeal } from '../../src/manager/authority/content-seal.ts';
import { applyReports } from '../../src/manager/dispatcher/apply-status.ts';
import type { Reconciler, TimedReconciler } from '../../src/manager/loops/reconcile-loop.ts';
import { dependencies } from '../../src/manager/orchestrators/dependencies/dependencies.ts';
import { reaper } from '../../src/manager/orchestrators/reaper/reaper.ts';
import { update } from '../../src/manager/orchestrators/update/update.ts';
import { scheduler } from '../../src/manager/scheduler/scheduler.ts';
import { defaultApplyOptions, type ApplyOptions } from '../../src/manager/stacks/apply-options.ts';
import type { Change } from '../../src/manager/store/change.ts';
import type { StoreView } from '../../src/manager/store/object-index.ts';
import { SqliteStore } from '../../src/manager/store/sqlite/sqlite-store.ts';
import { isLeaving } from '../../src/manager/tasks/task-phase.ts';
import type { NodeObject, ServiceObject, TaskObject } from '../../src/model/objects.ts';
import type { ServiceSpec } from '../../src/model/spec.ts';
import type { ApplyStackResponse } from '../../src/rpc/messages.ts';
import { nodeObject } from '../fixtures/objects.ts';
import { networkSpec } from '../fixtures/network-spec.ts';
import { stackSpec } from '../fixtures/specs.ts';

type AnyReconciler = Reconciler<string> | TimedReconciler<string>;

const loops: readonly AnyReconciler[] = [update, dependencies, reaper, allocator, scheduler];

export class UpdateLab {
  readonly store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)), () => new Date(this.nowMs));
  readonly containers = new Map<string, PretendTask>();
  nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  /** By how much the clocks of the nodes are ahead of the manager's. */
  nodesAheadMs = 0;
  /** How new containers behave. */
  behaviourOf: (task: TaskObject) => Behaviour = () => runsForEver;
  /** Called after every step, to look for what must never be. */
  onStep: () => void = () => undefined;
  readonly #loops: readonly AnyReconciler[];
  #dueMs = Infinity;

  constructor(more: readonly AnyReconciler[] = []) {
    this.#loops = [...more, ...loops];
  }

  async addNode(overrides: Partial<NodeObject> = {}): Promise<void> {
    await this.write(() => [{ type: 'put', object: nodeObject({ version: 0, ...overrides }) }]);
  }

  get now(): string {
    return new Date(this.nowMs).toISOString();
  }

  async write(plan: (view: StoreView) => readonly Change[]): Promise<number> {
    return this.store.update((view) => {
      const changes = plan(view);
      return { changes, result: changes.length };
    });
  }

  /** `up`, without waiting for what follows. */
  async apply(services: readonly ServiceSpec[], options: Partial<ApplyOptions> = {}): Promise<ApplyStackResponse> {
    const request = { ...defaultApplyOptions, ...options, spec: '', dryRun: false };
    const spec = stackSpec(services, { networks: { default: networkSpec('p_default') } });
    return this.store.update((view) => applyStack(view, spec, request, { now: this.now }));
  }

  /** Everything that can happen now, happens. */
  async settle(): Promise<void> {
    for (let round = 0; round < 500; round++) {
      let hasHappened = false;
      this.#dueMs = Infinity;
      for (const loop of this.#loops) hasHappened = (await this.#run(loop)) || hasHappened;
      hasHappened = (await this.#stepAgents()) || hasHappened;
      if (!hasHappened) return;
    }
    assert.fail('it never comes to rest');
  }

  /** Lets time pass, from one thing that is due to the next. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.nowMs + durationMs;
    await this.settle();
    while (this.#dueMs <= endMs) {
      this.nowMs = Math.max(this.nowMs + 1, this.#dueMs);
      await this.settle();
    }
    this.nowMs = endMs;
    await this.settle();
  }

  service(name = 'web'): ServiceObject {
    const found = this.store.view.ofStack('service', 'p').find((service) => service.name === name);
    assert.ok(found, `there is no service ${name}`);
    return found;
  }

  /** Containers that are not on their way out, in their order. */
  tasks(name = 'web'): readonly TaskObject[] {
    const own = this.store.view.ofStack('task', 'p').filter((task) => task.service === name && !isLeaving(task));
    return own.toSorted((a, b) => a.slot - b.slot || (a.createdAt < b.createdAt ? -1 : 1));
  }

  /** `1:a 2:b`, with the environment variable V of each. */
  versions(name = 'web'): string {
    return this.tasks(name)
      .map(({ slot, spec }) => `${slot}:${spec.container.environment['V'] ?? ''}`)
      .join(' ');
  }

  /** Something happens to a container by itself. */
  async happen(task: TaskObject, what: (container: PretendTask) => Report): Promise<void> {
    const container = this.containers.get(task.id);
    assert.ok(container, `nothing runs as ${task.containerName}`);
    await this.#report(task.id, what(container));
  }

  close(): void {
    this.store.close();
  }

  async #run(loop: AnyReconciler): Promise<boolean> {
    const written = await this.write((view) => {
      const answer = loop.reconcile(view, new Set(loop.everything(view)), this.now);
      if (!('changes' in answer)) return answer;
      this.#dueMs = Math.min(this.#dueMs, ...answer.lookAgainAt.values());
      return answer.changes;
    });
    this.onStep();
    return written > 0;
  }

  async #stepAgents(): Promise<boolean> {
    let hasHappened = false;
    for (const { id } of this.store.view.all('node')) {
      for (const task of this.store.view.tasksOfNode(id)) {
        const make = (): PretendTask =>
          new PretendTask(task, this.behaviourOf(task), () => new Date(this.nowMs + this.nodesAheadMs));
        const container = this.containers.get(task.id) ?? make();
        this.containers.set(task.id, container);
        for (const report of container.assign(task)) {
          if (report === 'removed') this.containers.delete(task.id);
          await this.#report(task.id, report);
          this.onStep();
          hasHappened = true;
        }
      }
    }
    return hasHappened;
  }

  async #report(taskId: string, report: Report): Promise<void> {
    const removed = report === 'removed';
    await this.write((view) => applyReports(view, [{ taskId, status: removed ? null : report, removed }]));
  }
}
