import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { NetworkService } from '../../agents/host/networks/network-service.ts';
import { readNetworkState } from '../../agents/host/networks/network-state.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { DyingConnection } from '../support/dying-connection.ts';
import type { Death } from '../support/dying-connection.ts';
import { NetworkLab, networkObject, portOwner, portSpec, sandboxInterface } from '../support/network-lab.ts';

const network = networkObject(1);
/** Fails while somebody has the port. */
const bindPort = 'require("dgram").createSocket("udp4").bind(8053, function () { this.close(); })';
const nothing = { ids: [], networks: [] };

describe('networks of a host whose daemon dies', () => {
  let lab: NetworkLab;

  before(async () => {
    lab = await NetworkLab.create();
    await lab.run('host', 'mkdir', join(lab.directory, 'netns'));
    const first = await lab.openService();
    await first.removeOthers(nothing); // starts tsstack-net
    await first.close();
  });
  after(() => lab?.close());

  const look = (...command: readonly string[]): Promise<string> => lab.run('host', ...command);
  const bridges = async (): Promise<readonly string[]> =>
    (await look('ip', '-o', 'link', 'show', 'type', 'bridge')).match(/\bts-\w+/g) ?? [];

  /** Makes a network with a container that publishes a port, and removes all; true when the daemon lived long enough. */
  async function liveAndDie(death: Death): Promise<boolean> {
    const connection = await DyingConnection.open(join(lab.directory, 'dying.sock'), lab.socketPath, death);
    const service = await lab.openService({
      socketPath: connection.path,
      spawn: () => Promise.reject(new Error('the daemon is dead')),
    });
    const hasLived = await upAndDown(service).then(
      () => true,
      () => false,
    );
    connection.close();
    await service.close();
    return hasLived;
  }

  async function upAndDown(service: NetworkService): Promise<void> {
    const [id, path] = ['web', lab.path('web')];
    const interfaces = [sandboxInterface(network, 10)];
    await service.ensureNetwork(network);
    await service.ensureSandbox({ id, path, users: null, hostname: 'web', interfaces, links: [], upstreams: [] });
    await service.publish(portOwner(id, 'lab-web-1'), interfaces, [portSpec(53, 8053, 'udp')]);
    await service.unpublish(id);
    await service.removeSandbox(id, path);
    await service.removeNetwork(network);
  }

  for (const isSent of [false, true]) {
    it(`leave nothing, at whatever request it died that ${isSent ? 'was' : 'was not'} carried out`, async () => {
      for (let atRequest = 1, hasLived = false; !hasLived; atRequest += 1) {
        hasLived = await liveAndDie({ atRequest, isSent });
        assert.ok(hasLived || atRequest < 30, 'a daemon that makes so many requests is done');
        assert.ok(!hasLived || atRequest > 9, 'making and removing take some requests');
        const next = await lab.openService();
        await next.removeOthers(nothing);
        await lab.until(async () => !/ts-|tv/.test(await look('ip', '-o', 'link')));
        await lab.until(async () => (await look('ls', join(lab.directory, 'netns'))) === '');
        await lab.run('host', process.execPath, '-e', bindPort);
        const left = await readNetworkState(join(lab.directory, 'published.json'));
        assert.deepEqual(left, { networks: [], publications: [] }, `died at request ${atRequest}`);
        assert.doesNotMatch(await look('nft', 'list', 'tables'), /tsstack/);
        await next.close();
      }
    });
  }

  it('leave nothing that no file tells of, and what others have made', async () => {
    const service = await lab.openService();
    await service.ensureNetwork(network);
    await service.close();
    for (const [name, alias] of [
      ['ts-other', 'tsstack 0badcafe network n1'],
      ['ts-user', 'mine'],
    ] as const) {
      await look('ip', 'link', 'add', name, 'type', 'bridge');
      await look('ip', 'link', 'set', name, 'alias', alias);
    }
    await look('rm', join(lab.directory, 'published.json'));
    assert.deepEqual((await bridges()).toSorted(), ['ts-lab1', 'ts-other', 'ts-user']);
    const next = await lab.openService();
    await next.removeOthers(nothing);
    await lab.until(async () => (await bridges()).length === 2);
    assert.deepEqual((await bridges()).toSorted(), ['ts-other', 'ts-user']);
    await next.close();
  });

  it('leave nothing of a sandbox that tsstack-net was killed over', async () => {
    const service = await lab.openService();
    const path = lab.path('unknown');
    await service.ensureSandbox({
      id: 'sandbox',
      path,
      users: null,
      hostname: 'web',
      interfaces: [],
      links: [],
      upstreams: [],
    });
    await service.removeSandbox('other-id', path);
    await service.removeSandbox('other-id', lab.path('never-was'));
    await lab.until(async () => (await look('ls', join(lab.directory, 'netns'))) === '');
    await look('touch', lab.path('empty'));
    await service.removeSandbox('other-id', lab.path('empty'));
    await lab.until(async () => (await look('ls', join(lab.directory, 'netns'))) === '');
    await service.removeOthers(nothing);
    await service.close();
  });

  it('keep what comes while leftovers are looked for', async () => {
    const service = await lab.openService();
    const networks: NetworkObject[] = [];
    const removal = service.removeOthers({ ids: [], networks });
    networks.push(network);
    await service.ensureNetwork(network);
    await removal;
    // Deleted in the background, so that only a further look can tell.
    await service.removeOthers({ ids: [], networks });
    assert.ok((await bridges()).includes(network.bridge));
    await service.close();
  });
});
