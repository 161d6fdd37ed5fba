import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { nativeProgram } from '../support/native-build.ts';
import { NetworkLab, networkObject, portOwner, portSpec, sandboxInterface } from '../support/network-lab.ts';

const network = networkObject(1);

describe('tsstack-net that a former version has left', () => {
  let lab: NetworkLab;
  const processId = (): Promise<string> => lab.run('host', 'pgrep', '-f', lab.socketPath);

  before(async () => {
    lab = await NetworkLab.create();
    const former = join(lab.directory, 'former');
    copyFileSync(nativeProgram('net'), former);
    appendFileSync(former, 'what is behind the program does not matter to it');
    const service = await lab.openService({ program: former });
    await service.ensureNetwork(network);
    for (const [id, last] of [
      ['web', 10],
      ['client', 11],
    ] as const) {
      const interfaces = [sandboxInterface(network, last)];
      const path = lab.path(id);
      await service.ensureSandbox({ id, path, users: null, hostname: id, interfaces, links: [], upstreams: [] });
    }
    await service.setNames(network, { names: { web: ['172.30.1.10'] }, reverse: {} });
    const place = [sandboxInterface(network, 10)];
    await service.publish(portOwner('web', 'lab-web-1'), place, [portSpec(80, 8080)]);
    await lab.serve({ sandbox: 'web' }, 'serve', 'tcp', '80');
    await service.close();
  });
  after(() => lab?.close());

  it('ends for the one of this version, and no packet is lost meanwhile', async () => {
    const before = await processId();
    const packets = lab.run({ sandbox: 'client' }, 'ping', '-i', '0.005', '-c', '100', '-W', '1', '172.30.1.10');
    const service = await lab.openService();
    await service.ensureNetwork(network);
    assert.notEqual(await processId(), before);
    assert.match(lab.messages.join('\n'), /tsstack-net is of another version: the one of this daemon takes over/);
    assert.match(await packets, / 0% packet loss/);
    assert.deepEqual((await lab.lookUp('client', 'web')).answers, ['172.30.1.10']);
    assert.equal(await lab.ask('outside', 'tcp', '192.0.2.2', 8080), '192.0.2.1');
    await service.close();
  });

  it('stays when it is of this version, wherever that lies', async () => {
    const before = await processId();
    lab.messages.length = 0;
    const copy = join(lab.directory, 'copy');
    copyFileSync(nativeProgram('net'), copy);
    for (const program of [nativeProgram('net'), copy]) {
      const service = await lab.openService({ program });
      await service.ensureNetwork(network);
      await service.close();
    }
    assert.equal(await processId(), before);
    assert.deepEqual(lab.messages, []);
  });
});
