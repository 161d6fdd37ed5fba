import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { checkStorageLimits } from '../../../../src/manager/stacks/check-storage-limits.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import { nodeObject } from '../../../fixtures/objects.ts';
import { containerSpec, serviceSpec, stackSpec } from '../../../fixtures/specs.ts';

const limited = serviceSpec('web', { container: containerSpec({ storageBytes: 1 }) });
const spec = stackSpec([limited, serviceSpec('other')]);

function check(nodes: readonly NodeObject[], selected: readonly string[] = ['web', 'other']): void {
  const index = new ObjectIndex();
  index.apply(nodes.map((after) => ({ before: null, after })));
  checkStorageLimits(index, spec, new Set(selected));
}

describe('a limit of storage', () => {
  const able = nodeObject({ id: 'b', description: { ...nodeObject().description, limitsStorage: true } });

  it('is refused with its place where no node can hold it', () => {
    assert.throws(() => check([nodeObject()]), {
      message: 'service web: storage_opt.size needs project quotas on the file system of the data',
      keys: ['services', 'web', 'storage_opt', 'size'],
    });
    assert.throws(() => check([nodeObject(), { ...able, state: 'down' }]));
  });

  it('is fine where one can, before any node is known, and for services that are not meant', () => {
    check([nodeObject(), able]);
    check([]);
    check([nodeObject()], ['other']);
  });
});
