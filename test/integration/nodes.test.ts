/** The life of nodes: a real manager, and three pretended nodes over real gRPC. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedAgent } from '../../agents/simulated/simulated-agent.ts';
import { ObjectView } from '../../src/cli/tasks/object-view.ts';
import { Manager } from '../../src/manager/manager.ts';
import type { TaskObject } from '../../src/model/objects.ts';
import type { ServiceSpec } from '../../src/model/spec.ts';
import { connectControl } from '../../src/rpc/client.ts';
import { serve, serveControl, serveDispatcher, type RunningServer } from '../../src/rpc/server.ts';
import type { ControlClient } from '../../src/rpc/service-types.ts';
import { deploySpec, serviceSpec, stackSpec } from '../fixtures/specs.ts';
import { calmMs } from '../support/calm-time.ts';

const names = ['n1', 'n2', 'n3'];
const noNetwork = { networkMode: { kind: 'none' }, networks: [] } as const;
const unchanged = { addLabels: {}, removeLabels: [], availability: '' };

describe('nodes of a cluster', () => {
  let directory: string;
  let address: string;
  let manager: Manager;
  let server: RunningServer;
  let control: ControlClient;
  const agents = new Map<string, SimulatedAgent>();
  const errors: unknown[] = [];

  const startAgent = async (name: string): Promise<void> => {
    agents.set(name, await SimulatedAgent.start({ address, nodeId: name, hostname: name }, agents.get(name)));
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-nodes-'));
    address = `unix://${join(directory, 'sock')}`;
    const onError = (error: unknown): void => void errors.push(error);
    manager = await Manager.start({ dataRoot: directory, runRoot: directory, version: '0', onError });
    server = await serve(address, [serveControl(manager.control), serveDispatcher(manager.dispatcher)]);
    control = await connectControl(address);
    for (const name of names) await startAgent(name);
  });
  afterEach(async () => {
    for (const agent of agents.values()) agent.stop();
    agents.clear();
    control.close();
    await server.stop(0);
    await manager.stop();
    rmSync(directory, { recursive: true });
    assert.deepEqual(errors.splice(0), []);
  });

  const up = async (replicas: number, spec: Partial<ServiceSpec> = {}): Promise<void> => {
    const service = serviceSpec('web', { ...noNetwork, replicas, ...spec });
    await control.applyStack({ spec: JSON.stringify(stackSpec([service])) });
  };

  /** Waits until the tasks and nodes satisfy the condition. */
  const until = async (condition: (view: ObjectView) => boolean): Promise<ObjectView> => {
    const view = new ObjectView();
    for await (const message of control.watch({ stack: '', kinds: ['task', 'node'] }, { deadlineMs: 60_000 })) {
      view.apply(message);
      if (message.synced && condition(view)) return view;
    }
    throw new Error('the watch ended');
  };

  /** How many containers run on each node; everything else counts as unsettled. */
  const counts = (view: ObjectView): readonly number[] | null => {
    const isSettled = view.tasks.every(({ status, desired }) => status.state === 'running' && desired === 'running');
    return isSettled ? names.map((name) => view.tasks.filter(({ nodeId }) => nodeId === name).length) : null;
  };
  const untilCounts = async (...wanted: readonly number[]): Promise<readonly TaskObject[]> =>
    (await until((view) => counts(view)?.join() === wanted.join())).tasks;

  it('are filled evenly, drained, left alone while they are paused, and not filled again by themselves', async () => {
    await up(6);
    const before = await untilCounts(2, 2, 2);
    await control.updateNode({ ...unchanged, node: 'n2', availability: 'drain' });
    const drained = await untilCounts(3, 0, 3);
    const stayed = drained.filter(({ id }) => before.some((task) => task.id === id));
    assert.equal(stayed.length, 4, 'the others were not touched');
    await control.updateNode({ ...unchanged, node: 'n2', availability: 'active' });
    await control.updateNode({ ...unchanged, node: 'n3', availability: 'pause' });
    await up(8);
    await untilCounts(3, 2, 3);
  });

  it('that lose a label lose the containers that want it, which say why', async () => {
    const constraints = [{ key: 'node.labels.disk', operator: '==', value: 'ssd' }] as const;
    const placement = { constraints, spread: [], maxReplicasPerNode: null, architecture: null };
    await up(2, { deploy: deploySpec({ placement }) });
    const pending = await until(
      ({ tasks }) => tasks.length === 2 && tasks.every(({ status }) => status.message !== ''),
    );
    assert.equal(
      pending.tasks[0]?.status.message,
      'no suitable node: of 3, 3 not as the constraint node.labels.disk == ssd wants',
    );
    await control.updateNode({ ...unchanged, node: 'n3', addLabels: { disk: 'ssd' } });
    await untilCounts(0, 0, 2);
    await control.updateNode({ ...unchanged, node: 'n1', addLabels: { disk: 'ssd' } });
    await control.updateNode({ ...unchanged, node: 'n3', removeLabels: ['disk'] });
    const moved = await untilCounts(2, 0, 0);
    assert.match(moved[0]?.history.at(-1)?.message ?? '', /node n3 is not as the constraint .* wants any more/);
  });

  it('that are lost have their containers elsewhere within 10 s, and lose their duplicates when they return', async () => {
    await up(6);
    await untilCounts(2, 2, 2);
    agents.get('n3')?.stop();
    const started = calmMs();
    const isReplaced = (view: ObjectView): boolean => {
      const alive = view.tasks.filter(({ nodeId, status }) => nodeId !== 'n3' && status.state === 'running');
      return alive.length === 6;
    };
    const lost = await until(isReplaced);
    assert.ok(calmMs() - started < 10_000, 'detection and all');
    assert.equal(lost.ofKind('node').find(({ id }) => id === 'n3')?.state, 'down');
    assert.equal(lost.tasks.filter(({ nodeId }) => nodeId === 'n3').length, 2, 'what became of them is not known');
    await assert.rejects(control.removeNode({ node: 'n1', force: false }), { code: 'conflict' });
    await startAgent('n3');
    await untilCounts(3, 3, 0);
    assert.equal(agents.get('n3')?.tasks.size, 0);
  });

  it('that are lost and removed leave nothing behind', async () => {
    await up(3);
    await untilCounts(1, 1, 1);
    agents.get('n3')?.stop();
    await until((view) => view.ofKind('node').some(({ state }) => state === 'down'));
    const request = {
      stack: 'p',
      services: [],
      volumes: true,
      removeOrphans: true,
      removeImages: '',
      knownServices: [],
    };
    await control.removeStack(request);
    const left = await until(({ tasks }) => tasks.every(({ nodeId }) => nodeId === 'n3'));
    assert.equal(left.tasks.length, 1);
    await control.removeNode({ node: 'n3', force: false });
    const end = await until(({ tasks }) => tasks.length === 0);
    assert.deepEqual(
      end.ofKind('node').map(({ id }) => id),
      ['n1', 'n2'],
    );
  });
});
