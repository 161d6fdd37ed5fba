import assert from 'node:assert/strict';
import { networkIdentity } from '../../../../src/manager/orchestrators/replicated/spec-hash.ts';
import { defaultApplyOptions } from '../../../../src/manager/stacks/apply-options.ts';
import { planChangedVolume } from '../../../../src/manager/stacks/plan-changed-volume.ts';
import { planStack } from '../../../../src/manager/stacks/plan-stack.ts';
import type { StackStep } from '../../../../src/manager/stacks/stack-step.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { canonicalJson } from '../../../../src/model/canonical-json.ts';
import type { ModelObject, PayloadObject, VolumeObject } from '../../../../src/model/objects.ts';
import type { NetworkSpec, PayloadSpec, StackSpec, VolumeSpec } from '../../../../src/model/spec.ts';
import { networkAttachment } from '../../../fixtures/network-attachment.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { networkObject } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec, stackSpec } from '../../../fixtures/specs.ts';

/**
 * Another value for every field of a spec, and whether `up` does something about it. The types demand every field: whoever adds one has to say
 * here what a change of it means, and sees at once when nothing compares it. For services see orchestrators/spec-hash.test.ts.
 */
type Changes<Spec> = { readonly [Field in keyof Spec]-?: readonly [Spec[Field], boolean] };

const stored = { version: 1, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '' };

function each<Spec extends object>(
  changes: Changes<Spec>,
  check: (changed: Partial<Spec>, field: string) => boolean,
): void {
  for (const [field, [value, isNoticed]] of Object.entries(changes) as [string, readonly [unknown, boolean]][]) {
    const verb = isNoticed ? 'notices' : 'lets be';
    it(`${verb} ${field}`, () => assert.equal(check({ [field]: value } as Partial<Spec>, field), isNoticed));
  }
}

function stepsOf(objects: readonly ModelObject[], spec: StackSpec): readonly StackStep[] {
  const index = new ObjectIndex();
  index.apply(objects.map((after) => ({ before: null, after })));
  return planStack(index, spec, defaultApplyOptions).steps;
}

function planOf(objects: readonly ModelObject[], spec: StackSpec): readonly string[] {
  return stepsOf(objects, spec).map(({ type }) => type);
}

describe('a change of a network', () => {
  const changes: Changes<NetworkSpec> = {
    name: ['other', true],
    external: [true, true],
    internal: [true, true],
    driver: ['overlay', true],
    // Who may join later is no matter of the bridge that is there.
    attachable: [true, false],
    enableIpv4: [false, true],
    enableIpv6: [true, true],
    labels: [{ a: 'b' }, false],
    driverOptions: [{ a: 'b' }, true],
    ipam: [[{ subnet: '10.9.0.0/24', ipRange: null, gateway: null, auxAddresses: {} }], true],
  };
  each(changes, (changed) => {
    const before = networkSpec('n');
    return canonicalJson(networkIdentity(before)) !== canonicalJson(networkIdentity({ ...before, ...changed }));
  });
});

describe('a change of a network that is no matter of its bridge', () => {
  for (const change of [{ labels: { a: 'b' } }, { attachable: true }]) {
    it(`${Object.keys(change).join()} is written to the network that is there`, () => {
      const spec = networkSpec('p_n');
      const network = networkObject({ stack: 'p', key: 'n', name: 'p_n', spec });
      const web = serviceSpec('web', { networks: [networkAttachment('n')] });
      const wanted = stackSpec([web], { networks: { n: { ...spec, ...change } } });
      const step = stepsOf([network], wanted).find(({ type }) => type === 'update-network');
      // What it writes is in the step: nobody has to look the network up again.
      assert.deepEqual(step, { type: 'update-network', key: 'n', before: network, spec: { ...spec, ...change } });
      const unchanged = stackSpec([web], { networks: { n: spec } });
      assert.ok(!planOf([network], unchanged).some((type) => type.endsWith('-network')));
    });
  }
});

describe('a change of a secret', () => {
  const secret: PayloadSpec = { name: 'p_word', external: false, labels: {}, content: 'eA==', digest: 'sha256:1' };
  const before: PayloadObject = {
    ...stored,
    id: 'secret',
    kind: 'secret',
    stack: 'p',
    key: 'word',
    name: 'p_word',
    spec: { ...secret, content: null },
  };
  const web = serviceSpec('web', {
    networks: [],
    networkMode: { kind: 'none' },
    container: containerSpec({ secrets: [{ source: 'word', target: '/w', uid: 0, gid: 0, mode: 0o444 }] }),
  });
  const foreign: PayloadObject = { ...before, id: 'foreign', stack: null };
  const changes: Changes<PayloadSpec> = {
    name: ['other', true],
    external: [true, true],
    labels: [{ a: 'b' }, true],
    // The digest stands for it.
    content: ['eQ==', false],
    digest: ['sha256:2', true],
  };
  each(changes, (changed) => {
    const spec = stackSpec([web], { secrets: { word: { ...secret, ...changed } } });
    return planOf([before, foreign], spec).some((type) => type === 'write-payload' || type === 'refer-payload');
  });
});

describe('a change of a stack', () => {
  const before = stackSpec([]);
  const changes: Changes<Omit<StackSpec, 'services' | 'networks' | 'volumes' | 'secrets' | 'configs' | 'name'>> = {
    workingDir: ['/elsewhere', true],
    files: [['/elsewhere/stack.yml'], true],
    disabledServices: [['rare'], true],
    providers: [{ db: { type: 'cloud', options: {}, after: [], dependants: [], variables: null } }, true],
  };
  each(changes, (changed) => {
    const { name, workingDir, files, disabledServices, providers } = before;
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
    const objects = [{ ...stack, removing: false, removeVolumes: false }];
    return planOf(objects, { ...before, ...changed }).includes('write-stack');
  });
});

describe('a change of a volume', () => {
  const spec: VolumeSpec = { name: 'p_data', external: false, labels: {}, filesystem: null };
  const before: VolumeObject = {
    ...stored,
    id: 'volume',
    kind: 'volume',
    stack: 'p',
    key: 'data',
    name: spec.name,
    spec,
    anonymousOf: null,
    nodeId: '',
    removing: false,
  };
  const changes: Changes<VolumeSpec> = {
    // Another volume: the one that was stays.
    name: ['other', true],
    external: [true, false],
    labels: [{ a: 'b' }, true],
    filesystem: [{ type: 'tmpfs', device: 'tmpfs', options: [] }, true],
  };
  each(changes, (changed) => planChangedVolume(before, { ...spec, ...changed }, defaultApplyOptions).kind !== 'same');
});
