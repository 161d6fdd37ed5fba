import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import {
  openTunnelIdentity,
  renewTunnelIdentity,
} from '../../../../../agents/host/networks/encryption/tunnel-identity.ts';
import { EncryptionError } from '../../../../../agents/host/networks/errors.ts';
import { OverlayService } from '../../../../../agents/host/networks/overlay-service.ts';
import { OverlayStore } from '../../../../../agents/host/networks/overlay-store.ts';
import type { NetRequester } from '../../../../../agents/host/networks/rule-writer.ts';
import { nextTunnelKeys } from '../../../../../src/manager/tunnels/rotate-tunnel-keys.ts';
import type { EndpointsObject } from '../../../../../src/model/endpoints.ts';
import { networkSpec } from '../../../../fixtures/network-spec.ts';
import { networkObject } from '../../../../fixtures/objects.ts';

const network = networkObject({
  spec: networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } }),
});

describe('a network that is to be encrypted, on a host whose kernel does not', () => {
  let directory: string;
  let service: OverlayService;
  let endpoints: EndpointsObject;
  let isAble: boolean;
  let made: string[];
  let problems: (string | null)[];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tsstack-overlay-'));
    [isAble, made, problems] = [false, [], []];
    const [identity, other] = [
      await openTunnelIdentity(join(directory, 'a')),
      await openTunnelIdentity(join(directory, 'b')),
    ];
    const request = ((wanted: { op: string }) => {
      if (wanted.op === 'ipsec.set' && !isAble)
        return Promise.reject(
          new NativeError({ code: 'network', message: 'the kernel lacks IPsec (esp4)', errno: '', path: '' }),
        );
      made.push(wanted.op);
      return Promise.resolve(wanted.op === 'sandbox.list' ? { sandboxes: [] } : {});
    }) as NetRequester;
    const noWireguard = { wireguard: 'missing', onWireguard: () => undefined } as const;
    const identities = { identity, renewIdentity: () => renewTunnelIdentity(join(directory, 'a')) };
    const options = {
      instance: '0a1b2c3d',
      nodeId: 'n1',
      linkMtuOf: () => 1500,
      ...identities,
      request,
      ...noWireguard,
    };
    const store = new OverlayStore(join(directory, 'overlays'));
    service = await OverlayService.open({ ...options, store, onEncryption: (problem) => problems.push(problem) });
    const nodes = [identity, other].map(({ publicKey }, index) => ({
      nodeId: `n${index + 1}`,
      address: `10.90.0.${index + 1}`,
      addresses: [],
      mac: '0a:00:00:00:00:01',
      tunnel: { number: index + 1, key: publicKey.toString('base64'), port: 0 },
    }));
    const common = { kind: 'endpoints', id: 'e', version: 1, networkId: network.id } as const;
    const encryption = { generation: 1, keys: nextTunnelKeys([], 1) };
    endpoints = { ...common, nodes, tasks: [], services: [], encryption };
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('has no containers, and no tunnel in clear', async () => {
    service.note(network, endpoints);
    const refused = (error: unknown): boolean => {
      assert.ok(error instanceof EncryptionError);
      assert.match(error.message, /^encrypt what goes to other hosts: the kernel lacks IPsec \(esp4\)$/);
      assert.match(error.hint ?? '', /place the container on another node/);
      return true;
    };
    await assert.rejects(service.ensureEncrypted(network), refused);
    assert.deepEqual(made, []);
    isAble = true;
    await service.ensureEncrypted(network);
    assert.deepEqual(made.slice(0, 2), ['ipsec.set', 'overlay.set']);
    isAble = false;
    await service.ensureEncrypted(network);
    // The next keys do not get there.
    await assert.rejects(service.apply(network.id), refused);
    await assert.rejects(service.ensureEncrypted(network), refused);
  });

  it('is told to managers when it lasts, and when it is over', async () => {
    service.note(network, endpoints);
    for (let attempt = 1; attempt <= 4; attempt++) {
      await assert.rejects(service.apply(network.id));
      assert.equal(problems.length, attempt < 3 ? 0 : 1);
    }
    assert.match(problems[0] ?? '', /lacks IPsec/);
    isAble = true;
    await service.apply(network.id);
    await service.apply(network.id);
    assert.deepEqual(problems.slice(1), [null]);
  });

  it('is used by containers as long as no other host is on it', async () => {
    await service.ensureEncrypted(network);
    service.note(network, { ...endpoints, nodes: endpoints.nodes.slice(0, 1) });
    await service.ensureEncrypted(network);
    assert.ok(!made.includes('ipsec.set'));
  });
});
