/** Runs where the kernel can encrypt: in the machine of vm-run. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { encryptedPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { clearPacket, clearPacketsTakenIn } from '../support/clear-packet.ts';
import { networkSpec } from '../fixtures/network-spec.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';
import { TunnelWatch } from '../support/tunnel-watch.ts';
import { addressOf, runCommand } from '../support/underlay.ts';

const secretSpec = networkSpec('lab_net1', { driver: 'overlay', driverOptions: { encrypted: '' } });
const secret: NetworkObject = { ...networkObject(1), spec: secretSpec, vni: 4096 };
const open: NetworkObject = { ...networkObject(2), vni: 4097 };

describe('networks between hosts that are encrypted', function () {
  this.timeout(200_000);
  let lab: OverlayLab;
  let watch: TunnelWatch;
  const secretTasks = [endpointTask('n1', 'web', 10, secret), endpointTask('n2', 'db', 11, secret)];
  const openTasks = [endpointTask('n1', 'web', 10, open), endpointTask('n2', 'db', 11, open)];

  const ping = (address: string, ...args: readonly string[]): Promise<string> =>
    lab.host('n1').lab.run({ sandbox: 'web' }, 'ping', '-c', '1', '-W', '2', ...args, address);
  const onHost = (nodeId: string, ...command: readonly string[]): Promise<string> =>
    lab.host(nodeId).lab.run('host', ...command);
  const takenIn = (network: NetworkObject, action: () => Promise<void>): Promise<number> =>
    clearPacketsTakenIn((...command) => onHost('n2', ...command), network, action);
  const keysOf = async (nodeId: string): Promise<readonly string[]> =>
    Array.from(
      (await onHost(nodeId, 'ip', 'xfrm', 'state')).matchAll(/rfc4106\(gcm\(aes\)\) (0x\w+) 128/g),
      (match) => match[1] ?? '',
    );

  before(async () => {
    lab = await OverlayLab.create(2);
    await lab.addSandbox('n1', 'web', 10, secret, open);
    await lab.addSandbox('n2', 'db', 11, secret, open);
    await lab.connect(secret, secretTasks);
    await lab.connect(open, openTasks);
    watch = new TunnelWatch();
  });
  after(async () => {
    watch?.close();
    await lab?.close();
  });

  it('carry packets of which an onlooker sees nothing but that they are encrypted', async () => {
    await ping('172.30.1.11', '-W', '5');
    watch.take();
    await ping('172.30.1.11');
    const { esp, udp, other } = watch.take();
    assert.ok(esp >= 2, `${esp}`);
    assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
    // Negative control: the same on a network that is not encrypted.
    await ping('172.30.2.11', '-W', '5');
    assert.ok(watch.take().udp >= 2);
  });

  it('carry packets of the size that is left, and no larger ones', async () => {
    assert.match(await lab.host('n1').lab.run({ sandbox: 'web' }, 'ip', 'link'), /eth0.*mtu 1390[^]*eth1.*mtu 1450/);
    watch.take();
    await ping('172.30.1.11', '-M', 'do', '-s', String(1390 - 28));
    await assert.rejects(ping('172.30.1.11', '-M', 'do', '-s', String(1390 - 27)));
    const { esp, other } = watch.take();
    assert.ok(esp >= 2, `${esp}`);
    assert.equal(other, 0, 'nothing in pieces');
  });

  it('have a key for each direction and generation, and no other host has them', async () => {
    const [n1, n2] = await Promise.all([keysOf('n1'), keysOf('n2')]);
    assert.equal(n1.length, 4, 'three for what comes in, one for what goes out');
    assert.equal(n2.length, 4);
    assert.equal(new Set([...n1, ...n2]).size, 6, 'the one that goes out here is one of those that come in there');
  });

  it('take nothing in clear, wherever it seems to come from', async () => {
    const send = (port: number, packet: string): string =>
      `for n in 1 2 3; do printf '${packet}' > /dev/udp/${addressOf(2)}/${port}; done`;
    const [hidden, clear] = [clearPacket(secret, 1), clearPacket(open, 2)];
    const shoot = (port: number, packet: string): string => runCommand('bash', '-c', send(port, packet));
    // Negative control: this is how a stranger gets into one that is not encrypted.
    assert.equal(await takenIn(open, async () => void shoot(4789, clear)), 3);
    const hiddenTakenIn = await takenIn(secret, async () => {
      shoot(4789, hidden);
      shoot(encryptedPort, hidden);
      // As if it were the other host.
      runCommand('ip', 'address', 'add', `${addressOf(1)}/32`, 'dev', 'underlay');
      runCommand('ip', 'route', 'add', addressOf(2), 'dev', 'underlay', 'src', addressOf(1));
      shoot(encryptedPort, hidden);
      runCommand('ip', 'route', 'delete', addressOf(2));
      runCommand('ip', 'address', 'delete', `${addressOf(1)}/32`, 'dev', 'underlay');
      for (const nodeId of ['n1', 'n2']) await onHost(nodeId, 'ip', 'neigh', 'flush', 'dev', 'eth0');
      // What a container sends there would be encrypted by its host, and taken for the host's own.
      await lab.host('n1').lab.run({ sandbox: 'web' }, 'bash', '-c', send(encryptedPort, hidden));
    });
    assert.equal(hiddenTakenIn, 0);
    await ping('172.30.1.11');
    assert.match(await onHost('n2', 'cat', '/proc/net/xfrm_stat'), /XfrmInTmplMismatch|XfrmInNoPols/);
  });

  it('are what they were after tsstack-net and the daemon were killed: no packet is numbered anew', async () => {
    const host = lab.host('n1');
    /** Keys, and how many packets have been sent with each. */
    const state = async (): Promise<readonly [readonly string[], number]> => {
      const text = await onHost('n1', 'ip', 'xfrm', 'state');
      const sent = Array.from(text.matchAll(/oseq 0x(\w+)/g), (match) => Number.parseInt(match[1] ?? '', 16));
      return [await keysOf('n1'), Math.max(...sent)];
    };
    const [keysBefore, sentBefore] = await state();
    assert.ok(sentBefore > 0);
    const [pid = ''] = (await onHost('n1', 'pgrep', '-f', host.lab.socketPath)).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await host.service.close();
    await ping('172.30.1.11');
    host.service = await host.lab.openService({ nodeId: 'n1' });
    await host.service.ensureNetwork(secret);
    await lab.connect(secret, secretTasks);
    await ping('172.30.1.11');
    const [keys, sent] = await state();
    assert.deepEqual(keys, keysBefore);
    assert.ok(sent > sentBefore, `${sent}`);
  });

  it('send nothing in clear when another program has flushed keys and policies', async () => {
    await onHost('n1', 'ip', 'xfrm', 'policy', 'flush');
    watch.take();
    await assert.rejects(ping('172.30.1.11'));
    await onHost('n1', 'ip', 'xfrm', 'state', 'flush');
    await assert.rejects(ping('172.30.1.11'));
    const { udp, other } = watch.take();
    assert.deepEqual({ udp, other }, { udp: 0, other: 0 });
    // With the keys of before its packets would be taken for some that have been there already.
    await lab.connect(secret, secretTasks);
    await assert.rejects(ping('172.30.1.11'));
    lab.rotate();
    await lab.connect(secret, secretTasks);
    await ping('172.30.1.11');
  });

  it('work between hosts that reach each other by IPv6', async () => {
    lab.family = 6;
    await lab.connect(secret, secretTasks);
    await ping('172.30.1.11', '-W', '5');
    watch.take();
    await ping('172.30.1.11', '-M', 'do', '-s', String(1350 - 28));
    const { esp, ...others } = watch.take();
    // More than the two when a container happens to look for the other one again.
    assert.ok(esp >= 2, `${esp}`);
    assert.deepEqual(others, { wireguard: 0, udp: 0, other: 0 });
    await assert.rejects(ping('172.30.1.11', '-M', 'do', '-s', String(1350 - 27)));
    lab.family = 4;
    await lab.connect(secret, secretTasks);
    await ping('172.30.1.11', '-W', '5');
    // With its colon: a key may have the digits.
    assert.doesNotMatch(await onHost('n1', 'ip', 'xfrm', 'state'), /fd00:/);
  });

  it('lose nothing while keys are replaced, whichever host hears of it first, three times in a row', async () => {
    const lost = async (): Promise<readonly string[]> =>
      Promise.all(
        ['n1', 'n2'].map((nodeId) =>
          onHost(nodeId, 'grep', 'NoStates\\|StateInvalid\\|Protection', '/proc/net/xfrm_stat'),
        ),
      );
    await lab.host('n2').lab.serve({ sandbox: 'db' }, 'echo', '7000');
    const connection = lab.host('n1').lab.follow({ sandbox: 'web' }, 'talk', '172.30.1.11', '7000');
    assert.equal(await connection.next(), '0');
    const [keysBefore, lostBefore] = [await keysOf('n1'), await lost()];
    for (const first of ['n1', 'n2', 'n1']) {
      lab.rotate();
      await lab.connect(secret, secretTasks, [], ['n1', 'n2'], [first]);
      await ping('172.30.1.11', '-q', '-c', '5', '-i', '0.01');
      await lab.connect(secret, secretTasks);
      await ping('172.30.1.11', '-q', '-c', '5', '-i', '0.01');
    }
    for (let next = 1; next < 10; next += 1) assert.equal(await connection.next(), String(next));
    assert.deepEqual(await lost(), lostBefore, 'no packet came for which there was no key, and none was not good');
    const keys = await keysOf('n1');
    assert.equal(keys.length, 4);
    assert.deepEqual(
      keys.filter((key) => keysBefore.includes(key)),
      [],
      'none of the keys before is left',
    );
  });

  it('leave nothing of a host that has gone, and nothing at all at the end', async () => {
    await lab.host('n1').service.removeEndpoints(secret.id);
    for (const what of ['state', 'policy']) assert.equal(await onHost('n1', 'ip', 'xfrm', what), '', what);
    assert.doesNotMatch(await onHost('n1', 'nft', 'list', 'tables'), /ipsec/);
    assert.doesNotMatch(await onHost('n1', 'ip', 'link'), /tsx4096/);
    await lab.connect(secret, secretTasks.slice(1), [], ['n2']);
    assert.equal(await onHost('n2', 'ip', 'xfrm', 'state'), '');
    await lab.host('n2').service.removeNetwork(secret);
    for (const what of ['state', 'policy']) assert.equal(await onHost('n2', 'ip', 'xfrm', what), '', what);
  });
});
