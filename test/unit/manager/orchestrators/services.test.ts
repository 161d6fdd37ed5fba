import assert from 'node:assert/strict';
import { parseStackSpec } from '../../../../src/manager/api/schema/stack-schema.ts';
import { rebalanceService } from '../../../../src/manager/services/rebalance-service.ts';
import { rollbackService } from '../../../../src/manager/services/rollback-service.ts';
import { updateService } from '../../../../src/manager/services/update-service.ts';
import { defaultUpdate, maxReplicas } from '../../../../src/model/deploy-spec.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import type { ServiceChangeResponse, UpdateServiceRequest } from '../../../../src/rpc/messages.ts';
import { containerSpec, deploySpec, serviceSpec, stackSpec } from '../../../fixtures/specs.ts';
import { UpdateLab } from '../../../support/update-lab.ts';

const web = (version: string, overrides: Partial<ServiceSpec> = {}): ServiceSpec =>
  serviceSpec('web', { replicas: 2, container: containerSpec({ environment: { V: version } }), ...overrides });
const named = { stack: 'p', service: 'web' };

describe('a change of one service by hand', () => {
  let lab: UpdateLab;
  beforeEach(async () => {
    lab = new UpdateLab();
    await lab.addNode();
  });
  afterEach(() => lab.close());

  const up = async (spec: ServiceSpec): Promise<void> => {
    await lab.apply([spec]);
    await lab.settle();
  };
  const update = (change: Partial<UpdateServiceRequest>): Promise<ServiceChangeResponse> => {
    const request = { ...named, version: 0, force: false, image: '', replicas: null, ...change };
    return lab.store.update((view) => updateService(view, request, lab.now));
  };
  const rollback = (version = 0): Promise<ServiceChangeResponse> =>
    lab.store.update((view) => rollbackService(view, { ...named, version }, lab.now));

  it('is a conflict for whoever has seen an older version', async () => {
    await up(web('a'));
    const { version } = lab.service();
    await update({ version, replicas: 3 });
    await assert.rejects(update({ version, replicas: 4 }), { code: 'conflict' });
    await assert.rejects(rollback(version), { code: 'conflict' });
    assert.equal(lab.service().spec.replicas, 3);
  });

  it('is what the next apply of the file finds different', async () => {
    await up(web('a'));
    await update({ image: 'other' });
    await lab.settle();
    assert.deepEqual(new Set(lab.tasks().map(({ spec }) => spec.image)), new Set(['other']));
    const { steps } = await lab.apply([web('a')]);
    assert.match(steps[0]?.reasons.join() ?? '', /^image: "other" -> /);
  });

  it('is refused for an image that can be none, before anything is replaced', async () => {
    await up(web('a'));
    await assert.rejects(update({ image: 'UPPER:x' }), { code: 'invalid', message: /lower-case letters only/ });
    assert.equal(lab.service().spec.image, web('a').image);
  });

  it('is refused for more containers than a cluster is made for, which would stop the manager', async () => {
    await up(web('a'));
    await assert.rejects(update({ replicas: maxReplicas + 1 }), /service web can have 100000 containers at most/);
    const spec = JSON.stringify(stackSpec([{ ...web('a'), replicas: 1e9 }]));
    assert.throws(() => parseStackSpec(spec), /services\.web\.replicas: has to be 100000 at most/);
  });

  it('replaces nothing when nothing is changed', async () => {
    await up(web('a'));
    const before = lab.service();
    const { steps } = await update({ replicas: 2 });
    assert.deepEqual([steps, lab.service()], [[], before]);
  });

  it('goes back all at once without rollback_config, and forward again', async () => {
    await up(web('a'));
    await assert.rejects(rollback(), /service web has nothing to roll back to/);
    await up(web('b', { replicas: 3 }));
    await rollback();
    await lab.settle();
    assert.equal(lab.versions(), '1:a 2:a');
    await rollback();
    await lab.settle();
    assert.equal(lab.versions(), '1:b 2:b 3:b');
  });

  it('rebalances what came together on one node, as update_config says', async () => {
    const deploy = deploySpec({ update: defaultUpdate });
    await up(web('a', { replicas: 4, deploy }));
    await lab.addNode({ id: 'n2', hostname: 'n2' });
    await lab.settle();
    assert.ok(lab.tasks().every(({ nodeId }) => nodeId === 'n1'));
    const { steps } = await lab.store.update((view) => rebalanceService(view, named, lab.now));
    assert.equal(steps.length, 2);
    await lab.pass(60_000);
    const nodes = lab.tasks().map(({ nodeId }) => nodeId);
    assert.deepEqual(nodes.toSorted(), ['n1', 'n1', 'n2', 'n2']);
    assert.equal(lab.service().update?.state, 'completed');
    const again = await lab.store.update((view) => rebalanceService(view, named, lab.now));
    assert.deepEqual(again.steps, []);
  });
});
