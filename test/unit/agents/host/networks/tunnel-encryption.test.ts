import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mock } from 'node:test';
import { NetConnectionError } from '../../../../../agents/host/native/net-client.ts';
import { NativeError } from '../../../../../agents/host/native/native-error.ts';
import type { NetRequest, WireguardRequest } from '../../../../../agents/host/native/net-protocol.ts';
import { wireguardPort } from '../../../../../agents/host/networks/encryption/plan-encryption.ts';
import { TunnelEncryption } from '../../../../../agents/host/networks/encryption/tunnel-encryption.ts';
import type { TunnelIdentity } from '../../../../../agents/host/networks/encryption/tunnel-identity.ts';
import type { WireguardFinding } from '../../../../../agents/host/networks/encryption/wireguard-tunnels.ts';
import { EncryptionError } from '../../../../../agents/host/networks/errors.ts';
import type { SpannedNetwork } from '../../../../../agents/host/networks/overlay-service.ts';
import type { NetRequester } from '../../../../../agents/host/networks/rule-writer.ts';
import { nextTunnelKeys } from '../../../../../src/manager/tunnels/rotate-tunnel-keys.ts';
import type { KernelPresence } from '../../../../../src/model/objects.ts';
import { networkSpec } from '../../../../fixtures/network-spec.ts';
import { networkObject } from '../../../../fixtures/objects.ts';

const spec = networkSpec('p_default', { driver: 'overlay', driverOptions: { encrypted: '' } });
const network = networkObject({ spec });

function newIdentity(): TunnelIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const { x } = publicKey.export({ format: 'jwk' });
  return { privateKey, publicKey: Buffer.from(x ?? '', 'base64url') };
}

const [identity, other, renewed] = [newIdentity(), newIdentity(), newIdentity()];

/** This host, which has said that it has WireGuard, and another one, with WireGuard at that port. */
function together(otherPort = wireguardPort): SpannedNetwork {
  const nodes = [identity, other].map(({ publicKey }, index) => ({
    nodeId: `n${index + 1}`,
    address: `10.90.0.${index + 1}`,
    addresses: [],
    mac: '0a:00:00:00:00:01',
    tunnel: {
      number: index + 1,
      key: publicKey.toString('base64'),
      port: index === 0 ? wireguardPort : otherPort,
    },
  }));
  const common = { kind: 'endpoints', id: 'e', version: 1, networkId: network.id, tasks: [], services: [] } as const;
  return { network, endpoints: { ...common, nodes, encryption: { generation: 1, keys: nextTunnelKeys([], 1) } } };
}

const portInUse = new NativeError({
  code: 'network',
  message: 'UDP port 4793 is in use',
  errno: 'EADDRINUSE',
  path: '',
});

const usable = { isUsable: true, problem: null, silent: [] } as const;
const missing = { isUsable: false, problem: null, silent: [] } as const;

describe('WireGuard of a host', () => {
  let asked: string[];
  let findings: WireguardFinding[];
  let problems: (string | null)[];
  let spanned: readonly SpannedNetwork[];
  let answers: Partial<Record<'probe' | 'set' | 'remove', () => object>>;
  beforeEach(() => {
    [asked, findings, problems, spanned, answers] = [[], [], [], [together()], {}];
  });

  afterEach(() => mock.timers.reset());

  const kindOf = ({ local }: WireguardRequest): 'set' | 'remove' => (local === null ? 'remove' : 'set');
  function answer(wanted: NetRequest): object {
    if (wanted.op === 'wireguard.probe') {
      asked.push('probe');
      return (answers.probe ?? (() => ({ available: true })))();
    }
    if (wanted.op === 'wireguard.set') {
      const kind = kindOf(wanted);
      asked.push(`${kind} ${wanted.peers.map(({ address }) => address).join()}`.trim());
      return (answers[kind] ?? (() => ({ silent: [] })))();
    }
    assert.ok(wanted.op === 'ipsec.set');
    asked.push(`ipsec ${wanted.associations.length}`);
    return {};
  }

  function open(wireguard: KernelPresence, covered: readonly string[] = []): TunnelEncryption {
    const request = (async (wanted: NetRequest) => answer(wanted)) as NetRequester;
    const common = { instance: '0a1b2c3d', nodeId: 'n1', identity, request, wireguard };
    return new TunnelEncryption(
      {
        ...common,
        spanned: () => spanned,
        renewIdentity: async () => {
          asked.push('renew');
          return renewed;
        },
        onProblem: (problem) => problems.push(problem),
        onWireguard: (finding) => findings.push(finding),
      },
      covered,
    );
  }

  it('is asked for once, with the first network, and always stands on the barrier of IPsec', async () => {
    const encryption = open('available');
    await encryption.cover('a');
    await encryption.cover('b');
    assert.deepEqual(asked, ['ipsec 4', 'probe', 'set 10.90.0.2', 'ipsec 4', 'set 10.90.0.2']);
    assert.deepEqual(findings, [usable]);
    asked = [];
    spanned = [];
    await encryption.uncover('a');
    await encryption.uncover('b');
    assert.deepEqual(asked, ['renew', 'remove', 'ipsec 0'], 'what it stands on goes last');
    spanned = [together()];
    await encryption.cover('a');
    assert.deepEqual(asked.slice(3), ['ipsec 4', 'set 10.90.0.2']);
  });

  it('is not asked for where nothing is encrypted, nor where there is none', async () => {
    const encryption = open('missing');
    await encryption.cover('a');
    await encryption.sweep();
    spanned = [];
    await encryption.uncover('a');
    await open('missing').sweep();
    assert.deepEqual(asked, ['ipsec 4', 'renew', 'ipsec 0', 'ipsec 0']);
    assert.deepEqual(findings, []);
  });

  it('goes where a daemon before has left it and nothing is encrypted any more', async () => {
    spanned = [];
    await open('available').sweep();
    assert.deepEqual(asked, ['remove', 'ipsec 0']);
    asked = [];
    await open('available', ['a']).sweep();
    assert.deepEqual(asked, [], 'a network is still to be taken over');
  });

  it('follows who has it and who has not', async () => {
    const encryption = open('unknown');
    spanned = [together(0)];
    await encryption.cover('a');
    spanned = [together()];
    await encryption.cover('a');
    spanned = [together(0)];
    await encryption.cover('a');
    assert.deepEqual(
      asked.filter((text) => text.startsWith('set')),
      ['set', 'set 10.90.0.2', 'set'],
    );
    assert.deepEqual(findings, [usable]);
  });

  it('leaves all to IPsec when it fails, says so, and leaves nothing of itself', async () => {
    const encryption = open('available');
    answers.set = () => {
      throw portInUse;
    };
    await encryption.cover('a');
    assert.deepEqual(asked, ['ipsec 4', 'probe', 'set 10.90.0.2', 'remove']);
    assert.deepEqual(findings, [{ ...missing, problem: 'UDP port 4793 is in use' }]);
    answers = {};
    await encryption.cover('a');
    assert.deepEqual(asked.slice(4), ['ipsec 4'], 'not with each network');
    assert.deepEqual([findings.length, problems], [1, []]);
  });

  it('leaves all to IPsec when it fails later on', async () => {
    const encryption = open('unknown');
    await encryption.cover('a');
    answers.set = () => {
      throw portInUse;
    };
    await encryption.cover('a');
    assert.deepEqual(asked.slice(-2), ['set 10.90.0.2', 'remove']);
    assert.deepEqual(
      findings.map(({ isUsable }) => isUsable),
      [true, false],
    );
  });

  it('is no problem where it was never promised, and one where the kernel does not keep its word', async () => {
    answers.probe = () => ({ available: false, reason: 'the kernel lacks WireGuard (EOPNOTSUPP)' });
    await open('unknown').cover('a');
    await open('available').cover('a');
    assert.deepEqual(findings, [missing, { ...missing, problem: 'the kernel lacks WireGuard (EOPNOTSUPP)' }]);
    assert.ok(!asked.some((text) => text.startsWith('set')));
  });

  it('holds nothing back for good when it does not go: that is tried again', async () => {
    const encryption = open('available');
    answers.set = () => {
      throw portInUse;
    };
    answers.remove = answers.set;
    await assert.rejects(encryption.cover('a'), EncryptionError);
    delete answers.remove;
    await encryption.cover('a');
    assert.deepEqual(asked.slice(-2), ['ipsec 4', 'remove']);
    assert.equal(findings.length, 1);
  });

  it('is not given up because tsstack-net has ended', async () => {
    const encryption = open('available');
    answers.set = () => {
      throw new NetConnectionError('tsstack-net has ended');
    };
    await assert.rejects(encryption.cover('a'), EncryptionError);
    assert.deepEqual(findings, []);
    answers = {};
    await encryption.cover('a');
    assert.deepEqual(asked.slice(-1), ['set 10.90.0.2']);
    assert.deepEqual(findings, [usable]);
  });

  it('is tried again when it has failed, after ever longer pauses', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const encryption = open('available');
    answers.set = () => {
      throw portInUse;
    };
    await encryption.cover('a');
    for (const pauseMs of [30_000, 60_000, 120_000]) {
      asked = [];
      mock.timers.tick(pauseMs - 1);
      await encryption.cover('a');
      assert.deepEqual(asked, ['ipsec 4'], `not within ${pauseMs} ms`);
      mock.timers.tick(1);
      await encryption.settled();
      assert.deepEqual(asked.slice(1), ['ipsec 4', 'probe', 'set 10.90.0.2', 'remove']);
    }
    answers = {};
    mock.timers.tick(240_000);
    await encryption.settled();
    assert.deepEqual(findings, [{ ...missing, problem: 'UDP port 4793 is in use' }, usable]);
    asked = [];
    mock.timers.tick(3_600_000);
    await encryption.settled();
    assert.deepEqual(asked, []);
  });

  it('is not tried again where the kernel lacks what nothing has promised, nor when the service has ended', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    answers.probe = () => ({ available: false, reason: 'the kernel lacks WireGuard (EOPNOTSUPP)' });
    const encryption = open('unknown');
    await encryption.cover('a');
    const promised = open('available');
    await promised.cover('a');
    promised.close();
    asked = [];
    mock.timers.tick(3_600_000);
    await Promise.all([encryption.settled(), promised.settled()]);
    assert.deepEqual(asked, []);
  });

  it('is asked for anew when tsstack-net has noticed something, and says who does not answer', async () => {
    const encryption = open('available');
    encryption.renew();
    await encryption.settled();
    assert.deepEqual(asked, [], 'nothing is encrypted');
    await encryption.cover('a');
    asked = [];
    answers.set = () => ({ silent: ['10.90.0.2'] });
    encryption.renew();
    encryption.renew();
    await encryption.settled();
    assert.deepEqual(asked, ['ipsec 4', 'set 10.90.0.2'], 'once for both');
    answers = {};
    encryption.renew();
    await encryption.settled();
    assert.deepEqual(findings, [usable, { ...usable, silent: ['10.90.0.2'] }, usable]);
  });

  it('is asked for anew once more when tsstack-net had no answer to that', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const encryption = open('available');
    await encryption.cover('a');
    answers.set = () => {
      throw new NetConnectionError('tsstack-net has ended');
    };
    encryption.renew();
    await encryption.settled();
    answers = {};
    asked = [];
    mock.timers.tick(30_000);
    await encryption.settled();
    assert.deepEqual(asked, ['ipsec 4', 'set 10.90.0.2']);
    assert.deepEqual([findings, problems], [[usable], []]);
  });
});

describe('keys of a host whose last tunnel has gone', () => {
  it('are never taken again, and are made anew once however often that is tried', async () => {
    const requests: NetRequest[] = [];
    let [isStuck, renewals] = [true, 0];
    let spanned: readonly SpannedNetwork[] = [together(0)];
    const encryption = new TunnelEncryption(
      {
        instance: '0a1b2c3d',
        nodeId: 'n1',
        identity,
        renewIdentity: async () => {
          renewals += 1;
          return renewed;
        },
        request: (async (wanted: NetRequest) => {
          if (wanted.op === 'ipsec.set' && wanted.local === null && isStuck)
            throw new NetConnectionError('it has ended');
          requests.push(wanted);
          return {};
        }) as NetRequester,
        spanned: () => spanned,
        onProblem: () => undefined,
        wireguard: 'missing',
        onWireguard: () => undefined,
      },
      [],
    );
    await encryption.cover('a');
    assert.deepEqual(encryption.publicKey, identity.publicKey);
    spanned = [];
    await assert.rejects(encryption.uncover('a'), EncryptionError);
    isStuck = false;
    await encryption.sweep();
    assert.equal(renewals, 1);
    assert.deepEqual(encryption.publicKey, renewed.publicKey);
    spanned = [together(0)];
    await encryption.cover('a');
    const [first, , second] = requests.map((wanted) =>
      wanted.op === 'ipsec.set' ? wanted.associations.map(({ key }) => key) : [],
    );
    assert.equal(new Set([...(first ?? []), ...(second ?? [])]).size, 8);
  });
});
