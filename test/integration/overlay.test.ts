import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { NetworkObject } from '../../src/model/objects.ts';
import { networkObject } from '../support/network-lab.ts';
import { endpointTask, OverlayLab } from '../support/overlay-lab.ts';

const front: NetworkObject = { ...networkObject(1), vni: 4096 };
const back: NetworkObject = { ...networkObject(2), vni: 4097 };

describe('networks between hosts', () => {
  let lab: OverlayLab;
  const web = endpointTask('n1', 'web', 10, front);
  const db = endpointTask('n2', 'db', 11, front);
  const other = endpointTask('n2', 'other', 10, back);

  const ping = (sandbox: string, from: string, ...args: readonly string[]): Promise<string> =>
    lab.host(from).lab.run({ sandbox }, 'ping', '-c', '1', '-W', '1', ...args);
  const onHost = (nodeId: string, ...command: readonly string[]): Promise<string> =>
    lab.host(nodeId).lab.run('host', ...command);

  before(async () => {
    lab = await OverlayLab.create(2);
    await lab.addSandbox('n1', 'web', 10, front);
    await lab.addSandbox('n2', 'db', 11, front);
    await lab.addSandbox('n2', 'other', 10, back);
    await lab.addSandbox('n1', 'third', 12, back);
    // Negative control: nobody has connected them yet.
    await assert.rejects(ping('web', 'n1', '172.30.1.11'));
    await lab.connect(front, [web, db]);
  });
  after(() => lab?.close());

  it('carry packets of the size that the underlay leaves room for, and no larger ones', async () => {
    // The kernel asks once a second for whom it did not find before.
    await ping('web', 'n1', '-W', '3', '172.30.1.11');
    await ping('web', 'n1', '-M', 'do', '-s', '1422', '172.30.1.11');
    await assert.rejects(ping('web', 'n1', '-M', 'do', '-s', '1423', '172.30.1.11'));
    assert.match(await lab.host('n1').lab.run({ sandbox: 'web' }, 'ip', 'link', 'show', 'eth0'), /mtu 1450/);
    await lab.addSandbox('n1', 'late', 13, front);
    assert.match(await lab.host('n1').lab.run({ sandbox: 'late' }, 'ip', 'link', 'show', 'eth0'), /mtu 1450/);
  });

  it('carry connections, and each side sees the other', async () => {
    await lab.host('n2').lab.serve({ sandbox: 'db' }, 'serve', 'tcp', '5432');
    assert.equal(await lab.host('n1').lab.ask({ sandbox: 'web' }, 'tcp', '172.30.1.11', 5432), '172.30.1.10');
  });

  it('flood nothing: who is not known is not asked for elsewhere', async () => {
    await lab.addSandbox('n2', 'unknown', 20, front);
    await assert.rejects(ping('web', 'n1', '172.30.1.20'));
    const seen = await onHost('n2', 'ip', '-s', '-j', 'link', 'show', 'tsx4096');
    await assert.rejects(ping('web', 'n1', '172.30.1.21'));
    const packetsOf = (text: string): unknown =>
      (JSON.parse(text) as [{ stats64: { rx: { packets: number } } }])[0].stats64.rx.packets;
    assert.equal(packetsOf(await onHost('n2', 'ip', '-s', '-j', 'link', 'show', 'tsx4096')), packetsOf(seen));
  });

  it('are apart from each other, also where their subnets are the same', async () => {
    await lab.connect(back, [other, endpointTask('n1', 'third', 12, back)]);
    await ping('third', 'n1', '172.30.2.10');
    await assert.rejects(ping('third', 'n1', '172.30.1.11'));
    await assert.rejects(ping('web', 'n1', '172.30.2.10'));
  });

  it('forget at once where a container was that has moved or gone', async () => {
    await lab.addSandbox('n1', 'moved', 11, front);
    await lab.connect(front, [web, endpointTask('n1', 'db', 11, front)]);
    for (const command of [
      ['bridge', 'fdb'],
      ['ip', 'neigh'],
    ]) {
      assert.doesNotMatch(await onHost('n1', ...command), /172\.30\.1\.11|02:42:ac:1e:01:0b.*10\.90/);
    }
    await lab.connect(front, [web, db]);
    assert.match(await onHost('n1', 'bridge', 'fdb'), /02:42:ac:1e:01:0b dev tsx4096 dst 10\.90\.0\.2/);
  });

  it('are what they were after tsstack-net and the daemon were killed, and follow changes of the time between', async () => {
    const host = lab.host('n1');
    const [pid = ''] = (await onHost('n1', 'pgrep', '-f', host.lab.socketPath)).split('\n');
    process.kill(Number(pid), 'SIGKILL');
    await host.service.close();
    await ping('web', 'n1', '172.30.1.11');
    host.service = await host.lab.openService({ nodeId: 'n1' });
    assert.deepEqual(
      host.service.spanned.map(({ network }) => network.id).sort(),
      [front.id, back.id],
      'the successor knows what the manager has said last',
    );
    await host.service.ensureNetwork(front);
    await ping('web', 'n1', '172.30.1.11');
    await lab.connect(front, [web]);
    assert.doesNotMatch(await onHost('n1', 'ip', 'neigh'), /172\.30\.1\.11/, 'what a predecessor made is swept');
    await lab.connect(front, [web, db]);
    await ping('web', 'n1', '172.30.1.11');
  });

  it('leave nothing when they end while their bridge is still being made', async () => {
    const { service } = lab.host('n1');
    const brief: NetworkObject = { ...networkObject(3), vni: 4098 };
    const [spanned] = service.spanned;
    assert.ok(spanned);
    const set = service.setEndpoints(brief, { ...spanned.endpoints, networkId: brief.id });
    await service.removeEndpoints(brief.id);
    await set;
    assert.equal(
      service.spanned.some(({ network }) => network.id === brief.id),
      false,
    );
    assert.doesNotMatch(await onHost('n1', 'ip', 'link'), /tsx4098/);
    await service.removeNetwork(brief);
    assert.doesNotMatch(await onHost('n1', 'ip', 'link'), new RegExp(brief.bridge));
  });

  it('leave nothing when they are on one host again', async () => {
    await lab.host('n1').service.removeEndpoints(back.id);
    assert.doesNotMatch(await onHost('n1', 'ip', 'link'), /tsx4097/);
    assert.doesNotMatch(await onHost('n1', 'ip', 'neigh'), /172\.30\.2\..*PERMANENT/);
    await lab.host('n1').service.removeNetwork(front);
    assert.doesNotMatch(await onHost('n1', 'ip', 'link'), /tsx/);
  });
});
