import assert from 'node:assert/strict';
import { checkEncrypted } from '../../../../src/manager/stacks/check-encrypted.ts';
import { ObjectIndex } from '../../../../src/manager/store/object-index.ts';
import type { NodeObject } from '../../../../src/model/objects.ts';
import { networkSpec } from '../../../fixtures/network-spec.ts';
import { nodeObject } from '../../../fixtures/objects.ts';

const secret = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
const able = nodeObject({ id: 'able' });
const { description } = able;
const kernelFeatures = { ...description.kernelFeatures, 'ipsec-esp': 'missing' } as const;
const unable = (id: string): NodeObject => nodeObject({ id, description: { ...description, kernelFeatures } });

function viewOf(...nodes: readonly NodeObject[]): ObjectIndex {
  const index = new ObjectIndex();
  index.apply(nodes.map((after) => ({ before: null, after })));
  return index;
}

describe('a network that is to be encrypted', () => {
  it('is refused where no host can do it', () => {
    const view = viewOf(unable('a'), unable('b'));
    assert.throws(() => checkEncrypted(view, secret), /p_default: no host can encrypt what it sends to another one/);
    assert.doesNotThrow(() => checkEncrypted(view, networkSpec('p_default', { driver: 'overlay' })));
    assert.doesNotThrow(() => checkEncrypted(view, { ...secret, driverOptions: { encrypted: 'false' } }));
  });

  it('is taken where one can, and where there is nobody to send anything to', () => {
    assert.doesNotThrow(() => checkEncrypted(viewOf(unable('a'), able), secret));
    assert.doesNotThrow(() => checkEncrypted(viewOf(unable('a')), secret));
  });
});
