import assert from 'node:assert/strict';
import { runsForEver } from '../../../../agents/simulated/pretend-task.ts';
import { rebalance } from '../../../../src/manager/orchestrators/rebalance/rebalance.ts';
import { defaultUpdate, type DeploySpec } from '../../../../src/model/deploy-spec.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import { nodeObject } from '../../../fixtures/objects.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

function web(replicas: number, deploy: Partial<DeploySpec> = {}): ServiceSpec {
  return serviceSpec('web', { replicas, deploy: deploySpec({ rebalance: 'auto', ...deploy }) });
}

describe('a service with rebalance: auto', () => {
  let lab: UpdateLab;
  beforeEach(async () => {
    lab = new UpdateLab([rebalance]);
    await lab.addNode({ id: 'n1', hostname: 'n1' });
  });
  afterEach(() => lab.close());

  const join = (id: string): Promise<void> => lab.addNode({ id, hostname: id, stateSince: lab.now });
  const start = async (service: ServiceSpec): Promise<void> => {
    await lab.apply([service]);
    await lab.pass(20_000);
  };
  const places = (): string =>
    lab
      .tasks()
      .map(({ slot, nodeId }) => `${slot}:${nodeId ?? '?'}`)
      .join(' ');

  it('moves containers to a node that came late, one after the other, and rests then', async () => {
    await start(web(4));
    assert.equal(places(), '1:n1 2:n1 3:n1 4:n1');
    let fewest = 4;
    lab.onStep = () =>
      (fewest = Math.min(fewest, lab.tasks().filter(({ status }) => status.state === 'running').length));
    await join('n2');
    await lab.pass(14_000);
    assert.equal(places(), '1:n1 2:n1 3:n1 4:n1');
    await lab.pass(2000);
    assert.equal(places(), '1:n1 2:n1 3:n1 4:n2');
    await lab.pass(60_000);
    assert.deepEqual([places(), fewest], ['1:n1 2:n1 3:n2 4:n2', 3]);
    assert.equal(lab.service().update?.state, 'completed');
    assert.equal(await lab.write((view) => rebalance.reconcile(view, new Set(['nodes']), lab.now).changes), 0);
  });

  it('starts first where update_config says so: none is missing for a moment', async () => {
    await start(web(3, { update: { ...defaultUpdate, order: 'start-first' } }));
    let fewest = 3;
    lab.onStep = () =>
      (fewest = Math.min(fewest, lab.tasks().filter(({ status }) => status.state === 'running').length));
    await join('n2');
    await lab.pass(60_000);
    assert.deepEqual([places(), fewest], ['1:n1 2:n1 3:n2', 3]);
  });

  it('stays where it is without it, and where the new node has no room or is not of its platform', async () => {
    const placement = { constraints: [], spread: [], maxReplicasPerNode: null, architecture: 'arm64' };
    for (const deploy of [{ rebalance: 'manual' }, { placement }] as const) {
      const other = new UpdateLab([rebalance]);
      await other.addNode({ description: { ...nodeObject().description, architecture: 'arm64' } });
      await other.apply([web(4, deploy)]);
      await other.pass(20_000);
      await other.addNode({ id: 'n2', hostname: 'n2', stateSince: other.now });
      await other.pass(60_000);
      assert.deepEqual([...new Set(other.tasks().map(({ nodeId }) => nodeId))], ['n1']);
      assert.equal(other.service().update, null);
      other.close();
    }
  });

  it('stops when one that moves cannot be made there, which runs on where it is, and says so', async () => {
    await start(web(4));
    lab.behaviourOf = ({ nodeId }) =>
      nodeId === 'n2' ? { ...runsForEver, rejection: 'no such image there' } : runsForEver;
    await join('n2');
    await lab.pass(120_000);
    assert.equal(places(), '1:n1 2:n1 3:n1 4:n1 4:n2');
    assert.equal(lab.tasks().filter(({ status }) => status.state === 'running').length, 4);
    assert.equal(lab.service().update?.state, 'paused');
    assert.match(lab.service().update?.message ?? '', /no such image there/);
  });
});
