/** Whatever is asked of a manager, and whenever, in the end the containers are what was asked for last. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { PretendTask, runsForEver } from '../../../agents/simulated/pretend-task.ts';
import { allocator } from '../../../src/manager/allocator/allocator.ts';
import { applyStack } from '../../../src/manager/api/apply-stack.ts';
import { ContentSeal } from '../../../src/manager/authority/content-seal.ts';
import { applyReports, type StatusReport } from '../../../src/manager/dispatcher/apply-status.ts';
import { dependencies } from '../../../src/manager/orchestrators/dependencies/dependencies.ts';
import { reaper } from '../../../src/manager/orchestrators/reaper/reaper.ts';
import { update } from '../../../src/manager/orchestrators/update/update.ts';
import { scheduler } from '../../../src/manager/scheduler/scheduler.ts';
import { actOnTasks } from '../../../src/manager/stacks/act-on-tasks.ts';
import { defaultApplyOptions, type ApplyOptions } from '../../../src/manager/stacks/apply-options.ts';
import { removeStack } from '../../../src/manager/stacks/remove-stack.ts';
import type { Change, ObjectChange } from '../../../src/manager/store/change.ts';
import type { StoreView } from '../../../src/manager/store/object-index.ts';
import { SqliteStore } from '../../../src/manager/store/sqlite/sqlite-store.ts';
import { defaultUpdate, type UpdateSpec } from '../../../src/model/deploy-spec.ts';
import type { ServiceSpec, StackSpec } from '../../../src/model/spec.ts';
import { observedStateNumbers } from '../../../src/model/states.ts';
import { nodeObject } from '../../fixtures/objects.ts';
import { containerSpec, dependsOn, deploySpec, serviceSpec, stackSpec } from '../../fixtures/specs.ts';
import { networkSpec } from '../../fixtures/network-spec.ts';

/** A manager and an agent whose steps are taken one by one, in any order. */
class SteppedCluster {
  readonly store = new SqliteStore(':memory:', new ContentSeal(randomBytes(32)));
  readonly containers = new Map<string, PretendTask>();
  #nowMs = Date.parse('2026-01-01T00:00:00.000Z');
  #reports: StatusReport[] = [];

  constructor() {
    this.store.subscribe(({ changes }) => changes.forEach(checkOrder));
  }

  /** RFC 3339; later each time. */
  now(): string {
    return new Date(this.#nowMs++).toISOString();
  }

  async write(plan: (view: StoreView) => readonly Change[]): Promise<number> {
    return this.store.update((view) => {
      const changes = plan(view);
      return { changes, result: changes.length };
    });
  }

  /** One step of one part; returns whether anything happened. */
  async step(part: Part): Promise<boolean> {
    if (part === 'agent') return this.#stepAgent();
    if (part === 'report') return this.#deliver();
    return (await this.write((view) => reconcilers[part](view, this.now()))) > 0;
  }

  /** Steps until nothing happens any more; throws if that takes for ever. */
  async settle(): Promise<void> {
    for (let round = 0; round < 200; round++) {
      let hasHappened = false;
      for (const part of parts) hasHappened = (await this.step(part)) || hasHappened;
      if (!hasHappened) return;
    }
    assert.fail('it never comes to rest');
  }

  #stepAgent(): boolean {
    const before = this.#reports.length;
    for (const task of this.store.view.tasksOfNode('n1')) {
      const container = this.containers.get(task.id) ?? new PretendTask(task, runsForEver);
      this.containers.set(task.id, container);
      for (const report of container.assign(task)) {
        const removed = report === 'removed';
        if (removed) this.containers.delete(task.id);
        this.#reports.push({ taskId: task.id, status: removed ? null : report, removed });
      }
    }
    return this.#reports.length > before;
  }

  async #deliver(): Promise<boolean> {
    const reports = this.#reports.splice(0);
    if (reports.length > 0) await this.write((view) => applyReports(view, reports));
    return reports.length > 0;
  }
}

/** What is observed of a task never goes back: neither to an earlier run, nor within a run to an earlier state. */
function checkOrder({ before, after }: ObjectChange): void {
  if (before?.kind !== 'task' || after?.kind !== 'task') return;
  const [was, is] = [before.status, after.status];
  const isLater =
    is.run > was.run || (is.run === was.run && observedStateNumbers[is.state] >= observedStateNumbers[was.state]);
  assert.ok(isLater, `${after.containerName}: ${was.state} of run ${was.run}, then ${is.state} of run ${is.run}`);
}

const reconcilers = {
  update: (view: StoreView, now: string) => update.reconcile(view, new Set(update.everything(view)), now).changes,
  dependencies: (view: StoreView, now: string) =>
    dependencies.reconcile(view, new Set(dependencies.everything(view)), now),
  reaper: (view: StoreView, now: string) => reaper.reconcile(view, new Set(reaper.everything(view)), now),
  allocator: (view: StoreView, now: string) =>
    allocator.reconcile(view, new Set(allocator.everything(view)), now).changes,
  scheduler: (view: StoreView, now: string) =>
    scheduler.reconcile(view, new Set(scheduler.everything(view)), now).changes,
};
const parts = ['update', 'dependencies', 'reaper', 'allocator', 'scheduler', 'agent', 'report'] as const;
type Part = (typeof parts)[number];

/** What a stack of three services in a chain looks like. */
interface Shape {
  readonly replicas: number;
  readonly environment: string;
  readonly isChained: boolean;
  readonly sharesNetwork: boolean;
  readonly isInternal: boolean;
  /** How containers of `web` are replaced; null = all at once. */
  readonly order: UpdateSpec['order'] | null;
  /** Of a volume that two of the services use. */
  readonly volumeLabel: string;
}

function deployOf({ order }: Shape): ServiceSpec['deploy'] {
  return deploySpec({ update: order === null ? null : { ...defaultUpdate, monitorMs: 0, order } });
}

function specOf(shape: Shape): StackSpec {
  const mounts = [
    { type: 'volume', volume: 'data', target: '/data', readOnly: false, noCopy: false, subpath: null, labels: {} },
  ] as const;
  const container = containerSpec({ environment: { A: shape.environment }, mounts });
  const chained = (name: string): ServiceSpec['dependsOn'] =>
    shape.isChained ? { [name]: dependsOn('service_started', { restart: true }) } : {};
  const sharing: Partial<ServiceSpec> = shape.sharesNetwork
    ? { networkMode: { kind: 'service', service: 'web' }, networks: [] }
    : {};
  const services = [
    serviceSpec('side', { ...sharing, dependsOn: chained('web') }),
    serviceSpec('web', { replicas: shape.replicas, container, deploy: deployOf(shape), dependsOn: chained('db') }),
    serviceSpec('db', { container: containerSpec({ mounts }) }),
  ];
  const network = networkSpec('p_default', { internal: shape.isInternal });
  const data = { name: 'p_data', external: false, labels: { version: shape.volumeLabel }, filesystem: null };
  return stackSpec(services, { networks: { default: network }, volumes: { data } });
}

type Operation =
  | { readonly type: 'up'; readonly shape: Shape; readonly options: Partial<ApplyOptions> }
  | { readonly type: 'down' }
  | { readonly type: 'act'; readonly action: string; readonly services: readonly string[] }
  | { readonly type: 'steps'; readonly parts: readonly Part[] };

const shape = fc.record<Shape>({
  replicas: fc.nat(3),
  environment: fc.constantFrom('a', 'b', 'c'),
  isChained: fc.boolean(),
  sharesNetwork: fc.boolean(),
  isInternal: fc.boolean(),
  order: fc.constantFrom('stop-first', 'start-first', null),
  volumeLabel: fc.constantFrom('a', 'b'),
});

const operation = fc.oneof(
  fc.record({
    type: fc.constant('up' as const),
    shape,
    options: fc.record({ forceRecreate: fc.boolean(), renewAnonymousVolumes: fc.boolean(), noStart: fc.boolean() }),
  }),
  fc.record({ type: fc.constant('down' as const) }),
  fc.record({
    type: fc.constant('act' as const),
    action: fc.constantFrom('start', 'stop', 'restart', 'remove'),
    services: fc.subarray(['web', 'db', 'side']),
  }),
  fc.record({ type: fc.constant('steps' as const), parts: fc.array(fc.constantFrom(...parts), { maxLength: 12 }) }),
);

async function perform(cluster: SteppedCluster, operation: Operation): Promise<void> {
  switch (operation.type) {
    case 'up':
      return up(cluster, operation.shape, operation.options);
    case 'down':
      return down(cluster);
    case 'steps':
      for (const part of operation.parts) await cluster.step(part);
      return;
    case 'act': {
      const rest = { noDeps: false, stopFirst: true, volumes: false, taskIds: [], stopGraceMs: null };
      const request = { stack: 'p', action: operation.action, services: operation.services, ...rest };
      // A service without containers cannot be acted on, which is no matter here.
      await cluster.store
        .update((view) => actOnTasks(view, request))
        .catch((error: unknown) => {
          assert.equal((error as { code: string }).code, 'not-found');
        });
    }
  }
}

async function up(cluster: SteppedCluster, wanted: Shape, options: Partial<ApplyOptions> = {}): Promise<void> {
  const request = { ...defaultApplyOptions, changedVolumes: 'recreate', ...options, spec: '', dryRun: false };
  await cluster.store.update((view) => applyStack(view, specOf(wanted), request, { now: cluster.now() }));
}

async function down(cluster: SteppedCluster): Promise<void> {
  const rest = { services: [], volumes: true, removeOrphans: true, stopGraceMs: null, removeImages: '' };
  await cluster.store.update((view) => removeStack(view, { stack: 'p', knownServices: [], ...rest }));
}

describe('a manager, after anything in any order', () => {
  async function afterwards(
    operations: readonly Operation[],
    check: (cluster: SteppedCluster) => Promise<void>,
  ): Promise<void> {
    const cluster = new SteppedCluster();
    await cluster.write(() => [{ type: 'put', object: nodeObject({ version: 0 }) }]);
    for (const operation of operations) await perform(cluster, operation);
    await check(cluster);
    cluster.store.close();
  }

  it('brings the last `up` about, and no observed state goes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), shape, (operations, last) =>
        afterwards(operations, async (cluster) => {
          await up(cluster, last);
          await cluster.settle();
          const tasks = cluster.store.view.ofStack('task', 'p');
          const counts = { side: 1, web: last.replicas, db: 1 };
          for (const [service, count] of Object.entries(counts)) {
            const own = tasks.filter((task) => task.service === service);
            const isBlocked = service === 'side' && last.sharesNetwork && last.replicas === 0;
            assert.equal(own.length, count, service);
            for (const { status, gate, desired } of own) {
              if (!isBlocked) assert.deepEqual([status.state, gate, desired], ['running', null, 'running'], service);
            }
          }
          assert.equal(cluster.containers.size, tasks.length);
          const odd = tasks.filter(({ containerName, service, slot }) => containerName !== `p-${service}-${slot}`);
          assert.deepEqual(odd, []);
          const versions = tasks
            .filter(({ service }) => service === 'web')
            .map(({ spec }) => spec.container.environment['A']);
          assert.ok(versions.every((version) => version === last.environment));
          assert.equal(cluster.store.view.ofStack('network', 'p').length, 1);
          const volumes = cluster.store.view.ofStack('volume', 'p').map(({ spec }) => spec.labels['version']);
          assert.deepEqual(volumes, [last.volumeLabel]);
        }),
      ),
      { numRuns: 300 },
    );
  });

  it('leaves nothing after `down`', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), (operations) =>
        afterwards(operations, async (cluster) => {
          await down(cluster);
          await cluster.settle();
          for (const kind of ['task', 'service', 'network', 'volume', 'stack'] as const) {
            assert.deepEqual(cluster.store.view.all(kind), [], kind);
          }
          assert.equal(cluster.containers.size, 0);
        }),
      ),
      { numRuns: 300 },
    );
  });
});
