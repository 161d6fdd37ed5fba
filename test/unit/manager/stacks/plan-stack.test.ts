import assert from 'node:assert/strict';
import { defaultApplyOptions, type ApplyOptions } from '../../../../src/manager/stacks/apply-options.ts';
import type { StackPlan } from '../../../../src/manager/stacks/stack-step.ts';
import { planStack } from '../../../../src/manager/stacks/plan-stack.ts';
import { specHash } from '../../../../src/manager/orchestrators/replicated/spec-hash.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { ModelObject, ServiceObject, TaskObject, VolumeObject } from '../../../../src/model/objects.ts';
import type { ServiceSpec, StackSpec } from '../../../../src/model/spec.ts';
import {
  containerStatus,
  exitedStatus,
  networkObject,
  serviceObject,
  taskObject,
  taskStatus,
} from '../../../fixtures/objects.ts';
import {
  containerSpec,
  dependsOn,
  deploySpec,
  namespacesSpec,
  serviceSpec,
  stackSpec,
} from '../../../fixtures/specs.ts';
import { networkAttachment } from '../../../fixtures/network-attachment.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';

function indexOf(...objects: readonly ModelObject[]): ObjectIndex {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  return index;
}

const stored = { version: 1, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '' };

/** What the store holds when that stack is up. */
function upState(spec: StackSpec): readonly ModelObject[] {
  const services = Object.values(spec.services).map((service): ServiceObject => {
    const hash = specHash(service, { stack: spec, digests: {} });
    const name = service.name;
    return serviceObject(name, { spec: service, specHash: hash });
  });
  const tasks = services.flatMap(({ name, spec: service, specHash: hash }) =>
    Array.from({ length: service.replicas }, (_unused, index) =>
      taskObject(name, { slot: index + 1, spec: service, specHash: hash }),
    ),
  );
  const { workingDir, files, disabledServices, providers, name } = spec;
  const stack = {
    ...stored,
    id: 'stack',
    kind: 'stack',
    name,
    workingDir,
    files,
    disabledServices,
    providers,
  } as const;
  return [{ ...stack, removing: false, removeVolumes: false }, networkObject(), ...services, ...tasks];
}

function plan(
  objects: readonly ModelObject[],
  spec: StackSpec,
  options: Partial<ApplyOptions> = {},
): readonly string[] {
  const { steps } = planStack(indexOf(...objects), spec, { ...defaultApplyOptions, ...options });
  return steps.map((step) => {
    if ('task' in step) return `${step.type} ${step.task.containerName}`;
    if ('key' in step) return `${step.type} ${step.key}`;
    if (step.type === 'create-task') return `${step.type} ${step.service}-${step.slot}`;
    if (step.type === 'remove-service') return `${step.type} ${step.service.name}`;
    return step.type === 'write-stack' ? step.type : `${step.type} ${step.service}`;
  });
}

const chain = (
  overrides: { readonly web?: Partial<ServiceSpec>; readonly db?: Partial<ServiceSpec> } = {},
): StackSpec =>
  stackSpec([
    serviceSpec('web', { dependsOn: { db: dependsOn('service_started', { restart: true }) }, ...overrides.web }),
    serviceSpec('db', overrides.db),
    serviceSpec('other'),
  ]);
const changed = { container: containerSpec({ environment: { A: '1' } }) };

describe('the plan of a stack', () => {
  it('creates everything of a new one, dependencies first', () => {
    assert.deepEqual(plan([], chain()), [
      'write-stack',
      'create-network default',
      'write-service db',
      'create-task db-1',
      'write-service web',
      'create-task web-1',
      'write-service other',
      'create-task other-1',
    ]);
  });

  it('has no step for what is as wanted', () => {
    assert.deepEqual(plan(upState(chain()), chain()), []);
  });

  it('replaces what has changed, and restarts who follows it', () => {
    assert.deepEqual(plan(upState(chain()), chain({ db: changed })), [
      'write-service db',
      'replace-task p-db-1',
      'follow-task p-web-1',
    ]);
  });

  it('replaces exactly the containers whose image has other content by now, and says so', () => {
    const container = containerStatus({
      imageId: `sha256:${'a'.repeat(64)}`,
      currentImageId: `sha256:${'b'.repeat(64)}`,
    });
    const objects = upState(chain()).map((object) =>
      object.kind === 'task' && object.service === 'other' ? { ...object, status: taskStatus({ container }) } : object,
    );
    const { steps } = planStack(indexOf(...objects), chain(), defaultApplyOptions);
    const [step] = steps;
    assert.equal(steps.length, 1);
    assert.ok(step?.type === 'replace-task' && step.service === 'other');
    assert.deepEqual(step.reasons, ['image: sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb']);
    assert.deepEqual(plan(objects, chain(), { noRecreate: true }), []);
    assert.deepEqual(plan(objects, chain(), { services: ['web'] }), []);
  });

  it('notes a change that needs no container without touching one', () => {
    assert.deepEqual(plan(upState(chain()), chain({ db: { pullPolicy: 'always' } })), ['write-service db']);
  });

  it('acts on the named services and their dependencies only', () => {
    const both = chain({ web: changed, db: changed });
    assert.deepEqual(plan(upState(chain()), both, { services: ['db'] }), [
      'write-service db',
      'replace-task p-db-1',
      'follow-task p-web-1',
    ]);
    assert.deepEqual(plan(upState(chain()), both, { services: ['web'], noDeps: true }), [
      'write-service web',
      'replace-task p-web-1',
    ]);
    assert.equal(plan(upState(chain()), both, { services: ['web'] }).length, 4);
  });

  it('forces only the named ones, and dependencies when told to', () => {
    const forced = (options: Partial<ApplyOptions>): readonly string[] =>
      plan(upState(chain()), chain(), { services: ['web'], ...options }).filter((step) => step.startsWith('replace'));
    assert.deepEqual(forced({ forceRecreate: true }), ['replace-task p-web-1']);
    assert.deepEqual(forced({ alwaysRecreateDeps: true }), ['replace-task p-db-1']);
  });

  it('replaces the containers that share a network namespace with their owner', () => {
    const sharing = { networkMode: { kind: 'service', service: 'db' } as const, networks: [], dependsOn: {} };
    const spec = chain({ web: sharing });
    assert.deepEqual(plan(upState(spec), chain({ web: sharing, db: changed })), [
      'write-service db',
      'replace-task p-db-1',
      'replace-task p-web-1',
    ]);
  });

  it('restarts those that share a network namespace even where only the owner is asked for', () => {
    const sharing = { networkMode: { kind: 'service', service: 'db' } as const, networks: [], dependsOn: {} };
    const objects = upState(chain({ web: sharing }));
    const spec = chain({ web: sharing, db: changed });
    assert.deepEqual(plan(objects, spec, { services: ['db'], noDeps: true }), [
      'write-service db',
      'replace-task p-db-1',
      'follow-task p-web-1',
    ]);
  });

  const owners = [
    [{ kind: 'service', service: 'db' }, 'replace-task p-web-1'],
    [{ kind: 'container', container: 'p-db-1' }, 'follow-task p-web-1'],
  ] as const;
  for (const [owner, expected] of owners) {
    it(`renews the containers that share processes or ipc with a replaced ${owner.kind}`, () => {
      for (const kind of ['pid', 'ipc'] as const) {
        const web = { namespaces: namespacesSpec({ [kind]: owner }), dependsOn: {} };
        const steps = plan(upState(chain({ web })), chain({ web, db: changed }));
        assert.deepEqual(steps, ['write-service db', 'replace-task p-db-1', expected]);
      }
    });
  }

  it('restarts containers of other stacks that share namespaces with a replaced one', () => {
    const spec = serviceSpec('guest', { networkMode: { kind: 'container', container: 'p-db-1' }, networks: [] });
    const guest = taskObject('guest', { id: 'guest', stack: 'q', containerName: 'q-guest-1', spec });
    assert.deepEqual(plan([...upState(chain()), guest], chain({ db: changed })), [
      'write-service db',
      'replace-task p-db-1',
      'follow-task p-web-1',
      'follow-task q-guest-1',
    ]);
  });

  it('refuses to share with a container that neither is there nor will be made', () => {
    const sharing = (container: string): StackSpec =>
      chain({ web: { namespaces: namespacesSpec({ pid: { kind: 'container', container } }) } });
    assert.doesNotThrow(() => plan([], sharing('p-db-1')));
    assert.throws(
      () => plan([], sharing('p-db-2')),
      /service web: pid: container:p-db-2: there is no container p-db-2/,
    );
  });

  it('does not run a job again that has completed, and does not scale what is global', () => {
    const deploy = deploySpec({ mode: 'replicated-job' });
    const objects = (exitCode: number): readonly ModelObject[] =>
      upState(chain({ db: { deploy } })).map((object) =>
        object.kind === 'task' && object.service === 'db' ? { ...object, status: exitedStatus(exitCode) } : object,
      );
    assert.deepEqual(plan(objects(0), chain({ db: { deploy } })), []);
    assert.deepEqual(plan(objects(1), chain({ db: { deploy } })), ['start-task p-db-1']);
    const global = chain({ db: { deploy: deploySpec({ mode: 'global' }) } });
    assert.throws(() => plan([], global, { scale: { db: 2 } }), /service db has deploy\.mode global/);
  });

  it('starts what has ended, but not with --no-start', () => {
    const objects = upState(chain()).map((object) =>
      object.kind === 'task' ? { ...object, status: exitedStatus(0) } : object,
    );
    assert.equal(plan(objects, chain()).filter((step) => step.startsWith('start-task')).length, 3);
    assert.deepEqual(plan(objects, chain(), { noStart: true }), []);
  });

  it('takes --scale over the file, and goes back to the file without it', () => {
    assert.deepEqual(plan(upState(chain()), chain(), { scale: { other: 2 } }), [
      'write-service other',
      'create-task other-2',
    ]);
    const scaled = upState(chain({})).concat(taskObject('other', { slot: 2 }));
    assert.ok(plan(scaled, chain()).includes('remove-task p-other-2'));
    assert.throws(() => plan([], chain(), { scale: { nothing: 2 } }), { code: 'not-found' });
    assert.throws(
      () => plan([], chain(), { scale: { other: 1e9 } }),
      /service other can have 100000 containers at most/,
    );
  });

  it('lists orphans, and removes them when told to', () => {
    const objects = upState(chain());
    const { other: _, ...services } = chain().services;
    const without = { ...chain(), services };
    const { orphans } = planStack(indexOf(...objects), without, defaultApplyOptions);
    assert.deepEqual(orphans, ['p-other-1']);
    assert.deepEqual(plan(objects, without), ['remove-service other']);
    assert.deepEqual(plan(objects, without, { removeOrphans: true }), [
      'remove-service other',
      'remove-task p-other-1',
    ]);
    const disabled = { ...without, disabledServices: ['other'] };
    assert.deepEqual(planStack(indexOf(...objects), disabled, defaultApplyOptions).orphans, []);
  });

  it('finds the containers of a service that had left the file as they were', () => {
    const objects = upState(chain()).flatMap((object) => {
      if (object.kind === 'service' && object.name === 'other') return [];
      return object.kind === 'task' && object.service === 'other' ? [{ ...object, forceCount: 3 }] : [object];
    });
    assert.deepEqual(plan(objects, chain()), ['write-service other']);
    assert.deepEqual(plan(objects, chain(), { forceRecreate: true, services: ['other'] }), [
      'write-service other',
      'replace-task p-other-1',
    ]);
  });

  it('counts finished one-offs as orphans, and running ones not', () => {
    const oneOff = (overrides: Partial<TaskObject>): TaskObject =>
      taskObject('web', {
        id: 'x',
        containerName: 'p-web-run-x',
        oneOff: { autoRemove: false, useAliases: false },
        ...overrides,
      });
    const orphansWith = (task: TaskObject): readonly string[] =>
      planStack(indexOf(...upState(chain()), task), chain(), defaultApplyOptions).orphans;
    assert.deepEqual(orphansWith(oneOff({ status: exitedStatus(0) })), ['p-web-run-x']);
    assert.deepEqual(orphansWith(oneOff({})), []);
  });

  it('makes a second network when the definition has changed, and replaces its users', () => {
    const network = chain().networks['default'];
    assert.ok(network !== undefined);
    const internal = { ...chain(), networks: { default: { ...network, internal: true } } };
    const steps = plan(upState(chain()), internal);
    assert.equal(steps[0], 'create-network default');
    assert.equal(steps.filter((step) => step.startsWith('replace-task')).length, 3);
  });
});

const volumeMount = {
  type: 'volume',
  volume: 'data',
  target: '/data',
  readOnly: false,
  noCopy: false,
  subpath: null,
  labels: {},
} as const;

describe('things that somebody else has made', () => {
  const external = stackSpec([serviceSpec('web')], {
    networks: { default: networkSpec('shared', { external: true }) },
  });

  it('have to be there', () => {
    assert.throws(() => plan([], external), {
      code: 'not-found',
      message: 'network shared declared as external, but could not be found',
    });
  });

  it('are only referred to', () => {
    const foreign = networkObject({ stack: 'q', name: 'shared' });
    const { steps, warnings } = planStack(indexOf(foreign), external, defaultApplyOptions);
    const creation = steps.find((step) => step.type === 'create-network');
    assert.equal(creation?.owner, 'foreign');
    assert.deepEqual(warnings, []);
  });

  it('are used with a warning when the file does not say that they are external', () => {
    const spec = stackSpec([serviceSpec('web', { container: containerSpec({ mounts: [volumeMount] }) })], {
      volumes: { data: { name: 'p_data', external: false, labels: {}, filesystem: null } },
    });
    const foreign: VolumeObject = {
      ...stored,
      id: 'v',
      kind: 'volume',
      stack: null,
      key: 'x',
      name: 'p_data',
      spec: { name: 'p_data', external: false, labels: {}, filesystem: null },
      anonymousOf: null,
      nodeId: 'n1',
      removing: false,
    };
    const { steps, warnings } = planStack(indexOf(foreign), spec, defaultApplyOptions);
    assert.match(warnings.join(), /volume p_data exists already but was not made for this stack/);
    assert.equal(steps.find((step) => step.type === 'create-volume')?.owner, 'foreign');
  });
});

describe('a volume whose definition has changed', () => {
  const withLabel = (version: string): StackSpec =>
    stackSpec(
      [
        serviceSpec('db', { container: containerSpec({ mounts: [volumeMount] }) }),
        serviceSpec('copy', { container: containerSpec({ mounts: [volumeMount] }) }),
        serviceSpec('other'),
      ],
      { volumes: { data: { name: 'p_data', external: false, labels: { version }, filesystem: null } } },
    );
  const volume: VolumeObject = {
    ...stored,
    id: 'v',
    kind: 'volume',
    stack: 'p',
    key: 'data',
    name: 'p_data',
    spec: { name: 'p_data', external: false, labels: { version: '1' }, filesystem: null },
    anonymousOf: null,
    nodeId: 'n1',
    removing: false,
  };
  const objects = [...upState(withLabel('1')), volume];
  const planned = (options: Partial<ApplyOptions>, more: readonly ModelObject[] = []): StackPlan =>
    planStack(indexOf(...objects, ...more), withLabel('2'), { ...defaultApplyOptions, ...options });

  it('is kept, with a warning, unless somebody agrees to the loss of its content', () => {
    const { steps, warnings, questions } = planned({});
    assert.deepEqual([steps, questions], [[], []]);
    assert.match(warnings.join(), /volume p_data is kept.*labels\.version: "1" -> "2".*`up -y`/);
    assert.deepEqual(planned({ changedVolumes: 'recreate', noRecreate: true }).steps, []);
  });

  it('is asked about, and nothing is done before the answer', () => {
    const { steps, questions } = planned({ changedVolumes: 'ask' });
    assert.deepEqual(steps, []);
    assert.deepEqual(
      questions.map(({ before, reasons }) => [before.id, reasons]),
      [['v', ['labels.version: "1" -> "2"']]],
    );
  });

  it('is made anew with the containers that use it, and no others', () => {
    const expected = ['replace-volume data', 'replace-task p-db-1', 'replace-task p-copy-1'];
    assert.deepEqual(plan(objects, withLabel('2'), { changedVolumes: 'recreate' }), expected);
    assert.deepEqual(plan(objects, withLabel('2'), { recreateVolumes: ['p_data'] }), expected);
    assert.deepEqual(plan(objects, withLabel('2'), { recreateVolumes: ['p_other'] }), []);
    assert.deepEqual(plan(objects, withLabel('1'), { changedVolumes: 'recreate' }), []);
  });

  it('is refused while a container that is not replaced uses it', () => {
    const oneOff = taskObject('db', {
      id: 'x',
      containerName: 'p-db-run-x',
      spec: serviceSpec('db', { container: containerSpec({ mounts: [volumeMount] }) }),
      oneOff: { autoRemove: false, useAliases: false },
    });
    const refusal = { code: 'conflict', message: /container p-db-run-x uses it/ };
    assert.throws(() => planned({ changedVolumes: 'recreate' }, [oneOff]), refusal);
    assert.throws(() => planned({ changedVolumes: 'recreate', services: ['db'] }), /container p-copy-1 uses it/);
    const ended = { ...oneOff, status: exitedStatus(0) };
    assert.equal(planned({ changedVolumes: 'recreate', removeOrphans: true }, [ended]).steps.length, 4);
  });

  it('of somebody else is not ours to change', () => {
    const reference = { ...volume, spec: { ...volume.spec, external: true } };
    const index = indexOf(...upState(withLabel('1')), reference, { ...volume, id: 'w', stack: 'q' });
    const { steps, warnings } = planStack(index, withLabel('2'), {
      ...defaultApplyOptions,
      changedVolumes: 'recreate',
    });
    assert.deepEqual([steps, warnings], [[], []]);
  });
});

describe('claims on names, ports and addresses', () => {
  const publish = (from: number, to = from, hostIp: string | null = null): Partial<ServiceSpec> => ({
    ports: [{ target: 80, protocol: 'tcp', mode: 'ingress', hostIp, published: { from, to } }],
  });
  const check = (objects: readonly ModelObject[], ...services: readonly ServiceSpec[]): readonly string[] =>
    plan(objects, stackSpec(services));

  it('name the other service or container', () => {
    assert.throws(() => check([], serviceSpec('a', publish(80)), serviceSpec('b', publish(80))), {
      message: 'service b: host port 80/tcp is taken by service a',
    });
    const other = taskObject('x', { stack: 'q', containerName: 'q-x-1', spec: serviceSpec('x', publish(80)) });
    assert.throws(() => check([other], serviceSpec('a', publish(80))), { message: /80\/tcp is taken by q-x-1/ });
  });

  it('end with the container, and are no conflict on different addresses or in a range', () => {
    const ended = taskObject('x', { stack: 'q', spec: serviceSpec('x', publish(80)), status: exitedStatus(0) });
    check([ended], serviceSpec('a', publish(80)));
    check([], serviceSpec('a', publish(80, 80, '10.0.0.1')), serviceSpec('b', publish(80, 80, '10.0.0.2')));
    check([], serviceSpec('a', { ...publish(80, 82), replicas: 3 }));
  });

  it('of replicas on one port of their service are none; on one address, one port of the host or one name they are refused', () => {
    check([], serviceSpec('a', { ...publish(80), replicas: 2 }));
    const ports = publish(80).ports?.map((port) => ({ ...port, mode: 'host' as const })) ?? [];
    for (const refused of [publish(80, 80, '10.0.0.1'), { ports }]) {
      assert.throws(() => check([], serviceSpec('a', { ...refused, replicas: 2 })), {
        message: /2 replicas cannot share host port 80/,
      });
    }
    assert.throws(() => check([], serviceSpec('a', { containerName: 'x', replicas: 2 })), {
      message: /allows one replica/,
    });
    assert.throws(() => check([], serviceSpec('a', { containerName: 'x' }), serviceSpec('b', { containerName: 'x' })), {
      message: 'container name x of service b is taken by service a',
    });
  });

  it('on addresses need a subnet that holds them', () => {
    const at = (ipv4Address: string, subnet: string | null): (() => unknown) => {
      const ipam = subnet === null ? [] : [{ subnet, ipRange: null, gateway: null, auxAddresses: {} }];
      const network = networkSpec('n', { ipam });
      const service = serviceSpec('a', { networks: [networkAttachment('default', { ipv4Address })] });
      return () => plan([], stackSpec([service], { networks: { default: network } }));
    };
    assert.doesNotThrow(at('10.9.0.5', '10.9.0.0/24'));
    assert.throws(at('10.9.1.5', '10.9.0.0/24'), { code: 'invalid', message: /is no host address of 10\.9\.0\.0\/24/ });
    assert.throws(at('10.9.0.255', '10.9.0.0/24'), { code: 'invalid' });
    assert.throws(at('10.9.0.5', null), { code: 'invalid', message: /needs network default to have a subnet/ });
  });

  it('on subnets name the network that has them', () => {
    const ipam = [{ subnet: '172.28.0.0/16', ipRange: null, gateway: null, auxAddresses: {} }];
    const network = networkSpec('n', { ipam });
    const spec = stackSpec([serviceSpec('a')], { networks: { default: network } });
    const other = networkObject({ stack: 'q', name: 'q_default' });
    assert.throws(() => plan([other], spec), { message: /overlaps 172\.28\.0\.0\/24 of network q_default/ });
  });
});
