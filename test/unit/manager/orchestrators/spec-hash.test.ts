import assert from 'node:assert/strict';
import { specHash, type HashContext } from '../../../../src/manager/orchestrators/replicated/spec-hash.ts';
import { canonicalJson } from '../../../../src/model/canonical-json.ts';
import { serviceHash } from '../../../../src/model/service-hash.ts';
import type { ServiceSpec } from '../../../../src/model/spec.ts';
import {
  containerSpec,
  dependsOn,
  deploySpec,
  namespacesSpec,
  serviceSpec,
  stackSpec,
} from '../../../fixtures/specs.ts';

const stack = stackSpec([], { volumes: { data: { name: 'p_data', external: false, labels: {}, filesystem: null } } });
const context: HashContext = { stack, digests: { 'secret/key': 'sha256:1' } };
const hash = (overrides: Partial<ServiceSpec> = {}, in_: HashContext = context): string =>
  specHash(serviceSpec('web', overrides), in_);

const hook = { command: ['true'], user: null, privileged: false, workingDir: null, environment: {} };
const hooks = { preStart: [], postStart: [hook], preStop: [] };

/** A changed value of every field, and whether that needs a new container: a field that is added has to be added here. */
const changes: { readonly [Field in keyof ServiceSpec]: readonly [ServiceSpec[Field], boolean] } = {
  name: ['api', true],
  image: ['nginx', true],
  pullPolicy: ['always', false],
  replicas: [5, false],
  containerName: ['mine', true],
  container: [containerSpec({ environment: { A: '1' } }), true],
  networkMode: [{ kind: 'host' }, true],
  namespaces: [namespacesSpec({ uts: 'host' }), true],
  volumesFrom: [[{ kind: 'service', service: 'db', readOnly: true }], true],
  networks: [[], true],
  links: [[{ alias: 'db', target: 'db' }], true],
  ports: [[{ target: 80, protocol: 'tcp', mode: 'ingress', hostIp: null, published: null }], true],
  expose: [['80'], true],
  dependsOn: [{ db: dependsOn('service_started') }, false],
  restart: [{ policy: 'always', maxRetries: 0, supervision: null }, true],
  hooks: [hooks, true],
  attach: [false, false],
  deploy: [deploySpec({ mode: 'global' }), false],
  serviceLabels: [{ a: 'b' }, false],
};

describe('the hash of a service', () => {
  it('has a case for every field of ServiceSpec', () => {
    assert.deepEqual(Object.keys(changes).sort(), Object.keys(serviceSpec('web')).sort());
  });

  for (const [field, [value, needsNewContainer]] of Object.entries(changes)) {
    it(`${needsNewContainer ? 'changes' : 'does not change'} with ${field}`, () => {
      assert.equal(hash({ [field]: value }) !== hash(), needsNewContainer);
      const isOther = serviceHash(serviceSpec('web', { [field]: value })) !== serviceHash(serviceSpec('web'));
      assert.equal(isOther, needsNewContainer, 'and so does the hash that people see');
    });
  }

  it('covers every field of the container', () => {
    for (const [field, value] of Object.entries(containerSpec())) {
      const changed =
        typeof value === 'boolean' ? !value : Array.isArray(value) ? [{ changed: true }] : { changed: true };
      const container = { ...containerSpec(), [field]: changed };
      assert.notEqual(hash({ container }), hash(), `container.${field}`);
    }
  });

  it('changes with the content of a used secret, but not of another one', () => {
    const mount = { source: 'key', target: '/k', uid: 0, gid: 0, mode: 0o444 };
    const using = { container: containerSpec({ secrets: [mount] }) };
    const changed = { stack, digests: { 'secret/key': 'sha256:2' } };
    assert.notEqual(hash(using, changed), hash(using));
    assert.equal(hash({}, changed), hash());
  });

  it('changes with the definition of a used network and the name of a used volume, but not with labels', () => {
    const network = stack.networks['default'];
    assert.ok(network !== undefined);
    const withNetwork = (overrides: object): HashContext => ({
      ...context,
      stack: { ...stack, networks: { default: { ...network, ...overrides } } },
    });
    assert.notEqual(hash({}, withNetwork({ internal: true })), hash());
    assert.equal(hash({}, withNetwork({ labels: { a: 'b' } })), hash());
    const mount = {
      type: 'volume',
      volume: 'data',
      target: '/d',
      readOnly: false,
      noCopy: false,
      subpath: null,
      labels: {},
    } as const;
    const using = { container: containerSpec({ mounts: [mount] }) };
    const renamed = {
      ...context,
      stack: { ...stack, volumes: { data: { name: 'other', external: false, labels: {}, filesystem: null } } },
    };
    assert.notEqual(hash(using, renamed), hash(using));
  });

  it('does not depend on the order of keys', () => {
    assert.equal(canonicalJson({ b: 1, a: [{ d: 1, c: 2 }] }), canonicalJson({ a: [{ c: 2, d: 1 }], b: 1 }));
  });
});
