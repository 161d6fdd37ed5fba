import assert from 'node:assert/strict';
import { SelfDescription } from '../../../../../agents/host/session/self-description.ts';
import { nodeObject } from '../../../../fixtures/objects.ts';

describe('what a host says of itself', () => {
  const factsWith = (wireguard: 'available' | 'missing' | 'unknown'): SelfDescription => {
    const { description } = nodeObject();
    return new SelfDescription({
      ...description,
      kernelFeatures: { ...description.kernelFeatures, wireguard },
      limitations: [],
    });
  };

  it('is the port of its WireGuard where the kernel should have it, and none where that is not known', () => {
    assert.equal(factsWith('available').tunnelPort, 4793);
    assert.equal(factsWith('missing').tunnelPort, 0);
    assert.equal(factsWith('unknown').tunnelPort, 0);
  });

  it('changes with what the kernel says, and only then', () => {
    const self = factsWith('available');
    const { current } = self;
    self.setWireguard({ isUsable: true, problem: null });
    assert.equal(self.current, current, 'no new session for what is known');
    self.setWireguard({ isUsable: false, problem: 'UDP port 4793 is in use' });
    assert.equal(self.tunnelPort, 0);
    assert.equal(self.current.kernelFeatures.wireguard, 'missing');
    assert.deepEqual(self.current.limitations, [
      'encrypts by IPsec, and not by WireGuard, until the daemon is restarted: UDP port 4793 is in use',
    ]);
    self.setEncryptionProblem('the kernel lacks IPsec (esp4)');
    assert.equal(self.current.limitations.length, 2);
  });

  it('has WireGuard where only the kernel could tell', () => {
    const self = factsWith('unknown');
    self.setWireguard({ isUsable: true, problem: null });
    assert.deepEqual([self.tunnelPort, self.current.limitations], [4793, []]);
    const other = factsWith('unknown');
    other.setWireguard({ isUsable: false, problem: null });
    assert.deepEqual([other.tunnelPort, other.current.limitations], [0, []]);
    assert.equal(other.current.kernelFeatures.wireguard, 'missing');
  });
});
