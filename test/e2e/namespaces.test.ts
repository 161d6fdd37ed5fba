import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { before, describe, it } from 'mocha';
import { ifThereSync } from '../../agents/host/if-there.ts';
import { busyboxHost } from '../support/busybox-host.ts';
import { until } from '../support/test-host.ts';

const sleeper = 'image: busybox:test, command: sleep 100000, init: true, stop_grace_period: 1s';

const stack = `
name: ns
services:
  # Before its owners in the file: it has to wait for them all the same.
  borrower: { ${sleeper}, restart: always, pid: "service:owner", ipc: "service:owner", network_mode: "service:owner" }
  owner: { ${sleeper}, restart: always, shm_size: 8m }
  chained: { ${sleeper}, pid: "service:borrower", ipc: "service:borrower", network_mode: "service:borrower" }
  open: { ${sleeper}, ipc: shareable, container_name: ns-open }
  named: { ${sleeper}, ipc: "container:ns-open", pid: "container:ns-open", network_mode: "container:ns-open" }
  hosts: { ${sleeper}, pid: host, ipc: host, uts: host, cgroup: host }
  without: { ${sleeper}, ipc: none }
  plain: { ${sleeper}, ipc: private, cgroup: private, network_mode: bridge }
  usual: { ${sleeper}, network_mode: default }
`;

const guest = `
name: guest
services:
  visitor: { ${sleeper}, pid: "container:ns-owner-1", network_mode: "container:ns-owner-1" }
`;

describe('namespaces', () => {
  const host = busyboxHost();
  let file: string;
  let guestFile: string;
  let pids: Readonly<Record<string, number>>;

  before(async () => {
    file = host.write('stack.yml', stack);
    guestFile = host.write('guest.yml', guest);
    await host.ok(['-f', file, 'up', '-d', '--wait']);
    pids = await host.pids(file);
  });

  const namespace = (container: string, kind: string): string =>
    readlinkSync(`/proc/${pids[container] ?? 0}/ns/${kind}`);
  const own = (kind: string): string => readlinkSync(`/proc/self/ns/${kind}`);
  /** Whether two processes have the same processes around them; either may end meanwhile. */
  const isShared = (...both: readonly (number | undefined)[]): boolean => {
    const [one, other] = both.map((pid) => ifThereSync(() => readlinkSync(`/proc/${pid ?? 0}/ns/pid`), null));
    return one !== null && one === other;
  };
  const exec = async (service: string, command: string): Promise<string> =>
    (await host.ok(['-f', file, 'exec', '-T', service, 'sh', '-c', command])).stdout;

  it('of another service are joined, through whomever it shares them with', () => {
    for (const kind of ['pid', 'ipc', 'net']) {
      assert.equal(namespace('ns-borrower-1', kind), namespace('ns-owner-1', kind));
      assert.equal(namespace('ns-chained-1', kind), namespace('ns-owner-1', kind));
      assert.notEqual(namespace('ns-owner-1', kind), own(kind));
    }
    assert.notEqual(namespace('ns-borrower-1', 'mnt'), namespace('ns-owner-1', 'mnt'));
  });

  it('show the processes and the shared memory of the other container', async () => {
    assert.match(await exec('borrower', 'ps'), /sleep 100000[^]*sleep 100000/);
    await exec('owner', 'echo shared > /dev/shm/note');
    assert.equal(
      await exec('chained', 'cat /dev/shm/note; df -k /dev/shm | tail -n 1 | grep -c " 8192 "'),
      'shared\n1\n',
    );
    assert.equal(await exec('plain', 'ls /dev/shm'), '');
  });

  it('of a container are joined by its name', async () => {
    for (const kind of ['pid', 'ipc', 'net']) assert.equal(namespace('ns-named-1', kind), namespace('ns-open', kind));
    await exec('named', 'echo here > /dev/shm/note');
    assert.equal(await exec('open', 'cat /dev/shm/note'), 'here\n');
  });

  it('of the host are joined where the file says so, and the host keeps its name', async () => {
    for (const kind of ['pid', 'ipc', 'uts', 'cgroup']) assert.equal(namespace('ns-hosts-1', kind), own(kind));
    const name = readFileSync('/proc/sys/kernel/hostname', 'utf8');
    assert.equal(await exec('hosts', 'hostname; hostname -f 2> /dev/null; cat /etc/hostname'), name.repeat(2) + name);
  });

  it('are private else, and ipc: none leaves no shared memory', async () => {
    for (const kind of ['pid', 'ipc', 'uts', 'cgroup']) {
      assert.notEqual(namespace('ns-plain-1', kind), own(kind));
      assert.notEqual(namespace('ns-plain-1', kind), namespace('ns-owner-1', kind));
    }
    assert.equal(await exec('without', 'test -e /dev/shm || echo none'), 'none\n');
  });

  it("of a network_mode that names the engine's network give one that all such services are on", async () => {
    assert.match(await exec('plain', 'ping -c 1 -W 2 usual'), /1 packets received/);
  });

  it('are joined again when both have crashed, with no daemon alive', async () => {
    const rows = await host.ps(file);
    await host.killDaemon();
    process.kill(pids['ns-owner-1'] ?? 0, 'SIGKILL');
    const state = (service: string) => host.shimState(rows.find(({ Service }) => Service === service)?.ID ?? '');
    const after = await until(
      () => Promise.resolve({ owner: state('owner'), borrower: state('borrower') }),
      ({ owner, borrower }) =>
        [owner, borrower].every(({ phase }) => phase === 'running') &&
        owner.pid !== pids['ns-owner-1'] &&
        borrower.pid !== pids['ns-borrower-1'] &&
        isShared(borrower.pid, owner.pid),
    );
    assert.equal(readlinkSync(`/proc/${after.borrower.pid}/ns/ipc`), readlinkSync(`/proc/${after.owner.pid}/ns/ipc`));
  });

  it('of a replaced container are followed by those who share them, in other stacks too', async () => {
    await host.ok(['-f', guestFile, 'up', '-d', '--wait']);
    const changed = host.write('stack.yml', stack.replace('shm_size: 8m', 'shm_size: 9m'));
    await host.ok(['-f', changed, 'up', '-d', '--wait']);
    pids = await until(
      async () => ({ ...(await host.pids(file)), ...(await host.pids(guestFile)) }),
      (now) => ['guest-visitor-1', 'ns-borrower-1'].every((name) => isShared(now[name], now['ns-owner-1'])),
    );
    for (const kind of ['pid', 'ipc', 'net']) {
      assert.equal(namespace('ns-borrower-1', kind), namespace('ns-owner-1', kind));
    }
    assert.equal(namespace('guest-visitor-1', 'net'), namespace('ns-owner-1', 'net'));
  });

  it('that cannot be shared are errors that say why', async () => {
    const refuse = async (name: string, text: string): Promise<string> => {
      const bad = host.write(`${name}.yml`, text);
      const { code, stderr } = await host.run(['-f', bad, 'up', '-d']);
      assert.notEqual(code, 0);
      return stderr;
    };
    const one = (attributes: string): string =>
      `name: bad\nservices:\n  a: { ${sleeper}, ${attributes} }\n  b: { ${sleeper}, ipc: private }\n`;
    assert.match(
      await refuse('unknown', one('pid: "container:none-such"')),
      /service a: pid: container:none-such: there is no container/,
    );
    assert.match(
      await refuse('private', one('ipc: "service:b"')),
      /private\.yml:3:[^]*shares the ipc of service "b", which has ipc: private/,
    );
    assert.match(
      await refuse('word', one('pid: everyone')),
      /word\.yml:3:[^]*pid is "everyone", expected host, service:NAME/,
    );
    assert.match(await refuse('name', one('uts: host, hostname: mine')), /hostname cannot be set with uts: host/);
    assert.match(
      await refuse('users', one('pid: host, userns_mode: auto')),
      /host's pid namespace with userns_mode auto/,
    );
    assert.match(
      await refuse('closed', one('ipc: "container:ns-plain-1"')),
      /container ns-plain-1 has ipc: private, which nobody can join/,
    );
    await host.ok(['-p', 'bad', 'down']);
  });
});
