import assert from 'node:assert/strict';
import { networkAddresses } from '../../../../src/manager/allocator/network-addresses.ts';
import { deploySpec, serviceSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const replicas = 10;
const rounds = 50;

describe('addresses of containers that come and go', () => {
  it('are never two containers’ at a time, and not used again at once', async () => {
    const lab = new UpdateLab([networkAddresses]);
    await lab.addNode({ id: 'n1', hostname: 'n1', address: '10.90.0.1' });
    await lab.addNode({ id: 'n2', hostname: 'n2', address: '10.90.0.2' });
    const tasks = new Set<string>();
    const addressesOfTasks = (): readonly string[] =>
      lab.store.view.ofStack('task', 'p').flatMap((task) => {
        tasks.add(task.id);
        return task.attachments.flatMap(({ addresses }) => addresses);
      });
    const addressesOfOthers = (): readonly string[] =>
      lab.store.view
        .ofStack('network', 'p')
        .flatMap((network) => [network.virtualAddresses, network.nodeAddresses])
        .flatMap((owners) => Object.values(owners).flat());
    lab.onStep = () => {
      const all = [...addressesOfTasks(), ...addressesOfOthers()].map((address) => address.split('/')[0]);
      assert.equal(new Set(all).size, all.length, all.join());
    };
    const service = serviceSpec('web', { replicas, deploy: deploySpec({ endpointMode: 'vip' }) });
    let before = new Set<string>();
    for (let round = 0; round < rounds; round++) {
      await lab.apply([service], { forceRecreate: true });
      await lab.settle();
      const now = addressesOfTasks();
      assert.equal(now.length, replicas);
      assert.deepEqual(
        now.filter((address) => before.has(address)),
        [],
      );
      before = new Set(now);
    }
    assert.equal(tasks.size, replicas * rounds);
    lab.close();
  });
});
