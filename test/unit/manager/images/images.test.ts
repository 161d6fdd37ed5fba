import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { forgetImages } from '../../../../src/manager/images/forget-images.ts';
import { describeHolders } from '../../../../src/manager/images/holders.ts';
import { needs } from '../../../../src/manager/images/images-of.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { imageChange } from '../../../../src/manager/tasks/image-change.ts';
import type { ImageObject, ModelObject, TaskObject } from '../../../../src/model/objects.ts';
import { objectTemplates } from '../../../../src/model/object-templates.ts';
import { containerStatus, nodeObject, serviceObject, taskObject, taskStatus } from '../../../fixtures/objects.ts';
import { serviceSpec } from '../../../fixtures/specs.ts';

const since = '2026-01-01T00:00:00Z';
const [old, fresh] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`];

function viewOf(...objects: readonly ModelObject[]): ObjectIndex {
  const view = new ObjectIndex();
  view.apply(objects.map((after) => ({ before: null, after })));
  return view;
}

function node(id: string, overrides: Parameters<typeof nodeObject>[0] = {}): ModelObject {
  return nodeObject({ id, hostname: id, stateSince: since, ...overrides });
}

function image(name: string, overrides: Partial<ImageObject> = {}): ImageObject {
  const { image: template } = objectTemplates;
  return { ...template, id: name, name, imageId: fresh, platform: 'linux/amd64', ...overrides };
}

function running(id: string, nodeId: string, imageId: string, reference = 'app:1'): TaskObject {
  const container = containerStatus({ imageId, imageReference: reference, currentImageId: imageId });
  return taskObject('app', {
    id,
    nodeId,
    spec: serviceSpec('app', { image: reference }),
    status: taskStatus({ container }),
  });
}

describe('images of a cluster', () => {
  describe('who is asked for one', () => {
    it('the node where its name was decided, nodes with containers of it, then any other, and never who asks', () => {
      const tasks = [running('t1', 'c', fresh), running('t2', 'd', old), running('t3', 'a', fresh)];
      const view = viewOf(...['a', 'b', 'c', 'd'].map((id) => node(id)), ...tasks);
      const wanted = { imageId: fresh, origin: 'b', asking: 'a' };
      const { holders, absent } = describeHolders(view, wanted, () => true);
      assert.deepEqual(
        holders.map(({ nodeId }) => nodeId),
        ['b', 'c', 'd'],
      );
      assert.equal(absent, '');
    });

    it('those that had it and cannot be asked are named, with since when', () => {
      const view = viewOf(node('a'), node('b', { state: 'down' }), node('c'), node('d', { state: 'down' }));
      const { holders, absent } = describeHolders(
        view,
        { imageId: fresh, origin: 'b', asking: 'a' },
        (id) => id === 'c',
      );
      assert.deepEqual(holders, [{ nodeId: 'c', hostname: 'c' }]);
      assert.equal(absent, `b, which is down since ${since}`);
    });
  });

  it('a node may ask for images of its containers, as they are named, and of those that they mount', () => {
    const mount = { type: 'image', image: 'docker.io/data:2', target: '/data', subpath: null } as const;
    const spec = serviceSpec('app', { image: 'library/app' });
    const mounting = { ...spec, container: { ...spec.container, mounts: [mount] } };
    const view = viewOf(
      taskObject('app', { id: 't1', nodeId: 'a', spec: mounting }),
      taskObject('app', { id: 't2', nodeId: 'b', spec: mounting, desired: 'remove' }),
    );
    for (const name of ['app:latest', 'data:2']) {
      assert.deepEqual([needs(view, 'a', name), needs(view, 'b', name), needs(view, 'c', name)], [true, false, false]);
    }
    assert.equal(needs(view, 'a', 'other:1'), false);
  });

  describe('a container has an old image', () => {
    it('when the cluster means another one by its name, whatever the name means on its node', () => {
      const task = running('t1', 'a', old);
      const own = node('a', { description: { ...nodeObject().description, architecture: 'x64' } });
      assert.equal(imageChange(viewOf(own, task), task), null);
      assert.match(imageChange(viewOf(own, task, image('app:1')), task) ?? '', /^image: sha256:1+ -> sha256:2+$/);
      assert.equal(imageChange(viewOf(own, task, image('app:1', { imageId: old })), task), null);
    });

    it('but not when that one is for other machines than its node', () => {
      const task = running('t1', 'a', old);
      const arm = node('a', { description: { ...nodeObject().description, architecture: 'arm64' } });
      assert.equal(imageChange(viewOf(arm, task, image('app:1')), task), null);
    });
  });

  it('what a name means is forgotten with the last service that has it, or would have it after a rollback', () => {
    const spec = serviceSpec('app', { image: 'app:2' });
    const previous = { spec: serviceSpec('app', { image: 'app:1' }), specHash: '', forceCount: 0 };
    const service = serviceObject('app', { spec, previous });
    const oneOff = taskObject('tool', {
      spec: serviceSpec('tool', { image: 'tool' }),
      oneOff: { autoRemove: true, useAliases: false },
    });
    const images = ['app:1', 'app:2', 'app:3', 'tool:latest'].map((name) => image(name));
    const view = viewOf(service, oneOff, ...images);
    const changes = forgetImages.reconcile(view, new Set(['images']), since);
    assert.deepEqual(
      changes.map(({ type, object }) => [type, object.id]),
      [['delete', 'app:3']],
    );
    assert.deepEqual(forgetImages.concerns({ before: service, after: null }), ['images']);
  });
});
