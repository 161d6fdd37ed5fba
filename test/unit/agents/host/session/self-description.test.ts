import assert from 'node:assert/strict';
import { SelfDescription } from '../../../../../agents/host/session/self-description.ts';
import { nodeObject } from '../../../../fixtures/objects.ts';

const usable = { isUsable: true, problem: null, silent: [] } as const;
const missing = { isUsable: false, problem: null, silent: [] } as const;

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
    self.setWireguard(usable);
    assert.equal(self.current, current, 'no new session for what is known');
    self.setWireguard({ ...missing, problem: 'UDP port 4793 is in use' });
    assert.equal(self.tunnelPort, 0);
    assert.equal(self.current.kernelFeatures.wireguard, 'missing');
    assert.deepEqual(self.current.limitations, [
      'encrypts by IPsec, and not by WireGuard, which is tried again: UDP port 4793 is in use',
    ]);
    self.setEncryptionProblem('the kernel lacks IPsec (esp4)');
    assert.equal(self.current.limitations.length, 2);
  });

  it('has WireGuard where only the kernel could tell', () => {
    const self = factsWith('unknown');
    self.setWireguard(usable);
    assert.deepEqual([self.tunnelPort, self.current.limitations], [4793, []]);
    const other = factsWith('unknown');
    other.setWireguard(missing);
    assert.deepEqual([other.tunnelPort, other.current.limitations], [0, []]);
    assert.equal(other.current.kernelFeatures.wireguard, 'missing');
  });

  it('names the hosts that do not answer by WireGuard, until they do', () => {
    const self = factsWith('available');
    self.setWireguard({ ...usable, silent: ['10.90.0.2'] });
    assert.deepEqual(self.current.limitations, [
      'encrypts by IPsec, and not by WireGuard, what goes to 10.90.0.2: no answer at UDP port 4793',
    ]);
    assert.equal(self.tunnelPort, 4793, 'others are answered');
    const { current } = self;
    self.setWireguard({ ...usable, silent: ['10.90.0.2'] });
    assert.equal(self.current, current);
    self.setWireguard({ ...usable, silent: [2, 3, 4, 5, 6, 7].map((last) => `10.90.0.${last}`) });
    assert.match(self.current.limitations[0] ?? '', /10\.90\.0\.6 and 1 more: /);
    self.setWireguard(usable);
    assert.deepEqual(self.current.limitations, []);
  });

  it('is said anew with another key of its tunnels', () => {
    const self = factsWith('available');
    const { current } = self;
    self.setTunnelKey(Buffer.alloc(32, 1));
    assert.deepEqual([self.tunnelKey, self.current], [Buffer.alloc(32, 1), current]);
    assert.notEqual(self.current, current, 'a new session');
  });
});
