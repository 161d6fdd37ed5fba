import assert from 'node:assert/strict';
import { parseObjectSpec } from '../../../../src/manager/api/schema/object-schema.ts';
import { createObject } from '../../../../src/manager/objects/create-object.ts';
import { removeObjects } from '../../../../src/manager/objects/remove-objects.ts';
import type { Change } from '../../../../src/manager/store/change.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { ModelObject } from '../../../../src/model/objects.ts';
import { networkObject, taskObject } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec } from '../../../fixtures/specs.ts';

const at = '2026-01-01T00:00:00.000Z';

describe('objects of no stack', () => {
  let view: ObjectIndex;
  const store = (...objects: readonly ModelObject[]): void =>
    view.apply(objects.map((after) => ({ before: null, after: { ...after, version: 1 } })));
  const commit = (changes: readonly Change[]): void => store(...changes.map(({ object }) => object));
  const create = (kind: string, spec: object): ReturnType<typeof createObject> =>
    createObject(view, parseObjectSpec(kind, JSON.stringify(spec)), at);
  const volume = (more: object = {}): object => ({ name: 'v', external: false, labels: {}, filesystem: null, ...more });
  const secret = (content: Buffer): object => ({
    name: 's',
    external: false,
    labels: {},
    content: content.toString('base64'),
    digest: null,
  });
  const remove = (request: object): readonly string[] => {
    const all = { kind: 'volume', names: [], unused: false, all: false, ignoreMissing: false, ...request };
    return removeObjects(view, all).result.names;
  };

  beforeEach(() => {
    view = new ObjectIndex();
  });

  it('belong to nobody; a volume may be asked for twice, another one of its name is a conflict', () => {
    const { changes, result } = create('volume', volume());
    assert.equal(result.created, true);
    commit(changes);
    assert.equal(view.named('volume', 'v')[0]?.stack, null);
    assert.deepEqual(create('volume', volume()), { changes: [], result: { id: result.id, created: false } });
    assert.throws(
      () => create('volume', volume({ labels: { a: 'b' } })),
      /volume v exists already, with another definition/,
    );
  });

  it('have a content within the limits of a swarm, which is not in their documents', () => {
    assert.throws(() => create('secret', secret(Buffer.alloc(0))), /has 0 bytes/);
    assert.throws(() => create('secret', secret(Buffer.alloc(512_000))), /has 512000 bytes, not 1 to 511999/);
    const [change] = create('secret', secret(Buffer.alloc(511_999, 'x'))).changes;
    assert.ok(change?.type === 'put' && change.content?.length === 511_999);
    assert.doesNotMatch(JSON.stringify(change.object), /eHh4/);
    assert.throws(() => create('config', secret(Buffer.alloc(1_024_000))), /has 1024000 bytes, not 1 to 1023999/);
    assert.equal(create('config', secret(Buffer.alloc(1_023_999))).changes.length, 1);
    assert.throws(() => create('config', { ...secret(Buffer.from('x')), external: true }), /only stack files/);
    assert.throws(() => create('task', {}), /cannot be made/);
  });

  it('refuse file systems that would break out of the options of a mount', () => {
    const made = (change: object): object =>
      volume({ filesystem: { type: 'nfs', device: ':/x', options: [], ...change } });
    assert.doesNotThrow(() => create('volume', made({ options: ['addr=1.2.3.4'] })));
    for (const change of [{ type: '../x' }, { device: 'a\0b' }, { options: ['a,b'] }, { options: ['a\0b'] }])
      assert.throws(() => create('volume', made(change)), /volume "v": filesystem/);
  });

  it('are removed unless a container uses them, and nothing is if one of them cannot be', () => {
    commit(create('volume', volume()).changes);
    commit(create('volume', volume({ name: 'used' })).changes);
    const mount = { type: 'volume', volume: 'd', target: '/d', readOnly: false, noCopy: false } as const;
    const container = containerSpec({ mounts: [{ ...mount, subpath: null, labels: {} }] });
    const [used] = view.named('volume', 'used');
    assert.ok(used !== undefined);
    store(
      { ...used, id: 'reference', stack: 'p', key: 'd', spec: { ...used.spec, external: true } },
      taskObject('web', { spec: serviceSpec('web', { container }) }),
    );
    assert.throws(() => remove({ names: ['v', 'used'] }), /volume used is in use by p-web-1/);
    assert.throws(() => remove({ names: ['v', 'none'] }), /no such volume: none/);
    assert.deepEqual(remove({ names: ['v', 'none'], ignoreMissing: true }), ['v']);
    assert.deepEqual(remove({ unused: true }), [], 'a named volume takes all');
    assert.deepEqual(remove({ unused: true, all: true }), ['v']);
  });

  it('are networks in use as long as a container is on them', () => {
    store(networkObject());
    assert.deepEqual(remove({ kind: 'network', unused: true }), ['p_default']);
    store(taskObject('web'));
    assert.throws(() => remove({ kind: 'network', names: ['p_default'] }), /network p_default is in use by p-web-1/);
  });
});
