import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { Dockerd } from '../support/dockerd.ts';
import { OutsideWorld } from '../support/outside-world.ts';
import { TestHost, until } from '../support/test-host.ts';
import { untilServing } from '../support/until-serving.ts';

const peer = join(import.meta.dirname, '../support/net-peer.ts');
const stack = `
name: beside
services:
  web:
    image: rootfs:///
    command: ['${process.execPath}', '${peer}', serve, tcp, '80']
    stop_grace_period: 0s
    ports: ["8080:80"]
  client:
    image: rootfs:///
    command: [sleep, "100000"]
    stop_grace_period: 0s
`;

const forwardRules = (): string => execFileSync('iptables', ['-S', 'FORWARD'], { encoding: 'utf8' });
/** Rules without counters, which only grow. */
const allRules = (): string =>
  execFileSync('iptables-save', { encoding: 'utf8' })
    .replaceAll(/^[#:].*$/gm, '')
    .replaceAll(/\n+/g, '\n');

describe('beside Docker', () => {
  let host: TestHost;
  let world: OutsideWorld;
  let file = '';

  async function stackUp(): Promise<void> {
    await host.ok(['-f', file, 'up', '-d']);
    await untilServing(host, file, 1);
  }

  async function assertTraffic(): Promise<void> {
    const pids = await host.pids(file);
    const client = pids['beside-client-1'] ?? assert.fail('client runs');
    const web = pids['beside-web-1'] ?? assert.fail('web runs');
    const addressOf = async (pid: number): Promise<string> => {
      const output = await world.run(pid, 'ip', '-4', '-o', 'address', 'show', 'eth0');
      return /inet ([\d.]+)/.exec(output)?.[1] ?? assert.fail(output);
    };
    assert.equal(await world.ask(client, 'tcp', await addressOf(web), 80), await addressOf(client));
    assert.equal(await world.ask(client, 'tcp', world.address, 7000), world.hostAddress);
    assert.equal(await world.ask('outside', 'tcp', world.hostAddress, 8080), world.address);
    assert.match(await world.ask('host', 'tcp', '127.0.0.1', 8080), /^[\d.]+$/);
  }
  /** What makes it hard: frames inside a bridge pass the chain, and its policy is to drop. */
  function assertDropping(): void {
    assert.match(forwardRules(), /-P FORWARD DROP/);
    assert.equal(readFileSync('/proc/sys/net/bridge/bridge-nf-call-iptables', 'utf8').trim(), '1');
  }

  before(async () => {
    host = new TestHost();
    file = host.write('stack.yml', stack);
    world = await OutsideWorld.create();
    await world.serve('outside', 'serve', 'tcp', '7000');
  });
  after(async () => {
    await host.stop();
    await world.close();
  });

  it('that has started before, traffic flows, and down leaves its rules as they were', async () => {
    // dockerd sets the policy where it is the one that turns forwarding on, as on a machine that it has to itself.
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '0');
    const dockerd = await Dockerd.start();
    try {
      assertDropping();
      const before = allRules();
      await stackUp();
      await assertTraffic();
      assert.notEqual(allRules(), before, 'without rules of ours in its chains nothing would flow');
      await host.ok(['-f', file, 'down']);
      // down does not wait until the kernel is done with what nobody uses any more.
      await until(
        () => Promise.resolve(allRules()),
        (rules) => rules === before,
      );
    } finally {
      await dockerd.stop();
    }
  });

  it('that starts later, traffic flows on', async () => {
    await stackUp();
    await assertTraffic();
    const dockerd = await Dockerd.start();
    try {
      // Forwarding was on already, so that dockerd leaves the policy to others.
      execFileSync('iptables', ['-P', 'FORWARD', 'DROP']);
      assertDropping();
      await assertTraffic();
      await host.ok(['-f', file, 'down']);
      await until(
        () => Promise.resolve(allRules()),
        (rules) => !/ts-|tsstack/.test(rules),
      );
    } finally {
      await dockerd.stop();
    }
  });
});
