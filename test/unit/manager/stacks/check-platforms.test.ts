import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { checkPlatforms } from '../../../../src/manager/stacks/check-platforms.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import { nodeObject } from '../../../fixtures/objects.ts';
import { deploySpec, serviceSpec, stackSpec } from '../../../fixtures/specs.ts';

describe('the platform of a service', () => {
  const check = (architectures: readonly string[], selected = ['web']): void => {
    const view = new ObjectIndex();
    for (const architecture of architectures) {
      const node = nodeObject({ id: architecture, description: { ...nodeObject().description, architecture } });
      view.apply([{ before: null, after: node }]);
    }
    const { placement } = deploySpec({});
    const deploy = deploySpec({ placement: { ...placement, architecture: 'arm64' } });
    checkPlatforms(view, stackSpec([serviceSpec('web', { deploy })]), new Set(selected));
  };

  it('is refused with its place when no node has it', () => {
    assert.throws(() => check(['x64']), {
      message: 'service web: no node is of platform linux/arm64',
      hint: 'there is linux/amd64: take an image for that',
      keys: ['services', 'web', 'platform'],
    });
  });

  it('is taken when one node has it, nobody knows yet, or it is not brought up', () => {
    check(['x64', 'arm64']);
    check([]);
    check(['x64'], ['db']);
  });
});
