import assert from 'node:assert/strict';
import { nodeEncryption } from '../../../src/model/node-encryption.ts';
import type { KernelFeatures, KernelPresence } from '../../../src/model/objects.ts';
import { nodeObject } from '../../fixtures/objects.ts';

describe('how a node encrypts', () => {
  const { kernelFeatures } = nodeObject().description;
  const able = { 'ipsec-esp': 'available', 'aes-gcm': 'available', wireguard: 'available' } as const;
  const of = (features: Partial<KernelFeatures>, hasWireguard?: boolean): string =>
    nodeEncryption({ kernelFeatures: { ...kernelFeatures, ...able, ...features } }, hasWireguard);

  it('is by WireGuard where the kernel has it, if its daemon knows of that', () => {
    assert.equal(of({}), 'wireguard');
    assert.equal(of({}, false), 'ipsec', 'one of an earlier version says nothing of it');
    for (const wireguard of ['missing', 'unknown'] satisfies KernelPresence[]) assert.equal(of({ wireguard }), 'ipsec');
  });

  it('is not without IPsec, which holds back what would go in clear', () => {
    assert.equal(of({ 'ipsec-esp': 'missing' }), 'none');
    assert.equal(of({ 'aes-gcm': 'missing' }, true), 'none');
    assert.equal(of({ 'ipsec-esp': 'unknown', wireguard: 'unknown' }), 'ipsec');
  });
});
