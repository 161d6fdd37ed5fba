import assert from 'node:assert/strict';
import { runsForEver } from '../../../../agents/simulated/pretend-task.ts';
import { constraintEnforcer } from '../../../../src/manager/orchestrators/constraint-enforcer/constraint-enforcer.ts';
import { nodeLoss } from '../../../../src/manager/orchestrators/node-loss/node-loss.ts';
import { restart } from '../../../../src/manager/orchestrators/restart/restart.ts';
import type { NodeObject, TaskObject } from '../../../../src/model/objects.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const isRunning = ({ status }: TaskObject): boolean => status.state === 'running';

describe('a container that moves to another node', () => {
  let lab: UpdateLab;
  /** What has been seen, without repetitions: state of the task on n1, of that on n2. */
  let seen: string[];
  beforeEach(async () => {
    lab = new UpdateLab([constraintEnforcer, nodeLoss, restart]);
    await lab.addNode({ id: 'n1', hostname: 'n1' });
    await lab.apply([serviceSpec('web', { deploy: deploySpec({}) })]);
    await lab.settle();
    await lab.addNode({ id: 'n2', hostname: 'n2' });
    seen = [];
    lab.onStep = () => {
      const line = ['n1', 'n2'].map((node) => stateOn(node)).join(' ');
      if (line !== seen.at(-1)) seen.push(line);
    };
  });
  afterEach(() => lab.close());

  const all = (): readonly TaskObject[] => lab.store.view.ofStack('task', 'p');
  const stateOn = (node: string): string => all().find(({ nodeId }) => nodeId === node)?.status.state ?? '-';
  const change = (id: string, fields: Partial<NodeObject>): Promise<number> =>
    lab.write((view) => {
      const node = view.get('node', id);
      assert.ok(node);
      return [{ type: 'put', object: { ...node, ...fields } }];
    });

  it('is made there, with its image, before it is stopped here, and started after that', async () => {
    await change('n1', { availability: 'drain' });
    await lab.settle();
    assert.deepEqual(seen, [
      'running -',
      'running assigned',
      'running ready',
      'shutdown ready',
      '- ready',
      '- running',
    ]);
    const [task] = lab.tasks();
    assert.equal(task?.containerName, 'p-web-1');
    assert.equal(task.history.at(-1)?.message, 'node n1 is drained');
  });

  it('runs on while its image cannot be had there, which is tried again where the service says so', async () => {
    const supervision = { delayMs: 1000, windowMs: 0 };
    const known = serviceSpec('web').restart;
    const spec = { restart: { ...known, policy: 'always', supervision }, deploy: deploySpec({}) } as const;
    await lab.apply([serviceSpec('web', spec)]);
    await lab.settle();
    lab.behaviourOf = () => ({ ...runsForEver, rejection: 'there is no such image' });
    const place = lab.tasks().find(isRunning)?.nodeId ?? '';
    await change(place, { availability: 'drain' });
    await lab.pass(10_000);
    assert.equal(lab.tasks().find(isRunning)?.nodeId, place);
    lab.behaviourOf = () => runsForEver;
    await lab.pass(60_000);
    assert.deepEqual(
      all().map(({ nodeId, status, containerName }) => [nodeId === place, status.state, containerName]),
      [[false, 'running', 'p-web-1']],
    );
  });

  it('goes first where there is no place for two', async () => {
    await change('n2', { availability: 'pause' });
    await change('n1', { availability: 'drain' });
    await lab.settle();
    const [task] = lab.tasks();
    assert.equal(task?.nodeId, null);
    assert.match(task.status.message, /no suitable node/);
    await change('n2', { availability: 'active' });
    await lab.settle();
    assert.deepEqual(
      lab.tasks().map(({ nodeId, status }) => `${nodeId ?? ''} ${status.state}`),
      ['n2 running'],
    );
  });

  it('has one successor when its node is lost meanwhile', async () => {
    lab.behaviourOf = ({ nodeId }) => (nodeId === 'n1' ? { ...runsForEver, endsWhenTold: false } : runsForEver);
    lab.containers.clear();
    await change('n1', { availability: 'drain' });
    await lab.settle();
    assert.deepEqual([stateOn('n1'), stateOn('n2')], ['running', 'ready']);
    await change('n1', { state: 'down' });
    await lab.settle();
    assert.deepEqual(
      lab.tasks().map(({ nodeId, status }) => `${nodeId ?? ''} ${status.state}`),
      ['n2 running'],
    );
  });
});
