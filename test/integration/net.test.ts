import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import type { NetworkService } from '../../agents/host/networks/network-service.ts';
import { NetClient } from '../../agents/host/native/net-client.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import { networkSpec } from '../fixtures/network-spec.ts';
import { NetworkLab, networkObject, portOwner, portSpec, sandboxInterface } from '../support/network-lab.ts';

const front = networkObject(1);
const back = networkObject(2);
const internal = networkObject(3, true);
const hostAddress = '192.0.2.2';
const outsideAddress = '192.0.2.1';

describe('networks of a host', () => {
  let lab: NetworkLab;
  let service: NetworkService;

  /** A sandbox with one address per network: the networks' third octet and the given last one. */
  async function addSandbox(id: string, last: number, ...networks: readonly NetworkObject[]): Promise<void> {
    await service.ensureSandbox({
      id,
      path: lab.path(id),
      users: null,
      hostname: id,
      interfaces: networks.map((network) => sandboxInterface(network, last)),
      links: [],
      upstreams: ['192.0.2.53', '192.0.2.54'],
    });
  }

  before(async () => {
    lab = await NetworkLab.create();
    service = await lab.openService();
    await Promise.all([front, back, internal].map((network) => service.ensureNetwork(network)));
    await Promise.all([
      addSandbox('web', 10, front),
      addSandbox('api', 11, front, back),
      addSandbox('db', 12, back),
      addSandbox('vault', 13, internal),
      addSandbox('client', 14, front),
      addSandbox('hostile', 15, front),
    ]);
    await service.setNames(front, {
      names: { web: ['172.30.1.10'], api: ['172.30.1.11'], both: ['172.30.1.10', '172.30.1.11'] },
      reverse: { '172.30.1.10': 'lab-web-1' },
    });
    await service.setNames(back, { names: { db: ['172.30.2.12'], api: ['172.30.2.11'] }, reverse: {} });
    await Promise.all([
      lab.serve({ sandbox: 'web' }, 'serve', 'tcp', '80'),
      lab.serve({ sandbox: 'web' }, 'serve', 'udp', '80'),
      lab.serve({ sandbox: 'db' }, 'serve', 'tcp', '5432'),
      lab.serve({ sandbox: 'vault' }, 'serve', 'tcp', '80'),
      lab.serve('outside', 'serve', 'tcp', '7000'),
      lab.serve('outside', 'name-server', '192.0.2.53'),
      lab.serve('outside', 'name-server', '192.0.2.54'),
    ]);
  });

  after(async () => {
    await service?.close();
    await lab?.close();
  });

  describe('a user namespace', () => {
    const users = { first: 600_000, count: 65_536 };
    const request = (id: string, range: typeof users | null) => ({
      id,
      path: lab.path(id),
      users: range,
      hostname: id,
      interfaces: [sandboxInterface(front, 20)],
      links: [],
      upstreams: [],
    });
    const inside = (...command: readonly string[]): Promise<string> =>
      lab.run('host', 'nsenter', `--user=${lab.path('mapped')}.user`, `--net=${lab.path('mapped')}`, ...command);

    it('owns the network namespace that is made for it, and no other', async () => {
      await service.ensureSandbox(request('mapped', users));
      assert.match(await inside('cat', '/proc/self/uid_map'), /^0\s+600000\s+65536$/);
      await inside('ip', 'link', 'set', 'lo', 'mtu', '1400');
      assert.equal(await lab.ask({ sandbox: 'mapped' }, 'tcp', '172.30.1.10', 80), '172.30.1.20');
      const foreign = ['nsenter', `--user=${lab.path('mapped')}.user`, 'ip', 'link', 'set', 'lo', 'mtu', '1400'];
      await assert.rejects(lab.run({ sandbox: 'web' }, ...foreign), /Operation not permitted/);
    });

    it('is the same when it is asked for again, and cannot become another', async () => {
      await service.ensureSandbox(request('mapped', users));
      await assert.rejects(service.ensureSandbox(request('mapped', null)), /exists with other users/);
    });

    it('goes with the network namespace', async () => {
      await service.removeSandbox('mapped', lab.path('mapped'));
      await lab.until(async () => {
        const left = await lab.run('host', 'ls', lab.path('.'));
        return !left.includes('mapped');
      });
    });
  });

  describe('traffic', () => {
    it('passes inside a network', async () => {
      assert.equal(await lab.ask({ sandbox: 'client' }, 'tcp', '172.30.1.10', 80), '172.30.1.14');
      assert.equal(await lab.ask({ sandbox: 'api' }, 'tcp', '172.30.2.12', 5432), '172.30.2.11');
    });

    it('does not pass from one network to another', async () => {
      await assert.rejects(lab.ask({ sandbox: 'web' }, 'tcp', '172.30.2.12', 5432));
    });

    it('leaves with the address of the host', async () => {
      assert.equal(await lab.ask({ sandbox: 'web' }, 'tcp', outsideAddress, 7000), hostAddress);
    });

    it('neither leaves an internal network nor enters it', async () => {
      await assert.rejects(lab.ask({ sandbox: 'vault' }, 'tcp', outsideAddress, 7000));
      await assert.rejects(lab.ask({ sandbox: 'web' }, 'tcp', '172.30.3.13', 80));
    });

    it('does not come in from outside to addresses of containers', async () => {
      await lab.run('outside', 'ip', 'route', 'add', '172.30.1.0/24', 'via', hostAddress);
      await assert.rejects(lab.ask('outside', 'tcp', '172.30.1.10', 80));
    });

    it('from containers does not reach what listens at 127.0.0.1 of the host', async () => {
      await lab.serve('host', 'serve', 'tcp', '7100');
      assert.equal(await lab.ask({ sandbox: 'hostile' }, 'tcp', '172.30.1.1', 7100), '172.30.1.15', 'negative control');
      await lab.run(
        { sandbox: 'hostile' },
        'ip',
        'route',
        'del',
        'table',
        'local',
        'local',
        '127.0.0.0/8',
        'dev',
        'lo',
      );
      await lab.run({ sandbox: 'hostile' }, 'sysctl', '-qw', 'net.ipv4.conf.eth0.route_localnet=1');
      await lab.run(
        { sandbox: 'hostile' },
        'ip',
        'route',
        'add',
        '127.0.0.1/32',
        'via',
        '172.30.1.1',
        'src',
        '172.30.1.15',
      );
      await assert.rejects(lab.ask({ sandbox: 'hostile' }, 'tcp', '127.0.0.1', 7100));
    });
  });

  describe('published ports', () => {
    before(async () => {
      const published = await service.publish(
        portOwner('web', 'lab-web-1'),
        [sandboxInterface(front, 10)],
        [
          portSpec(80, 8080),
          portSpec(80, 8080, 'udp'),
          portSpec(80, 8081, 'tcp', '127.0.0.1'),
          portSpec(80, 8082, 'tcp', hostAddress),
          portSpec(80, null),
        ],
      );
      assert.deepEqual(
        published.slice(0, 2).map(({ hostIp, published: port }) => ({ hostIp, port })),
        [8080, 8080].map((port) => ({ hostIp: '0.0.0.0', port })),
      );
      const chosen = published[4]?.published ?? 0;
      assert.ok(chosen > 1024, 'a free port was chosen');
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, chosen), outsideAddress);
    });

    it('keep the address of a client outside', async () => {
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8080), outsideAddress);
      assert.equal(await lab.ask('outside', 'udp', hostAddress, 8080), outsideAddress);
    });

    it('answer at 127.0.0.1 and at every other address of the host', async () => {
      assert.equal(await lab.ask('host', 'tcp', '127.0.0.1', 8080), '172.30.1.1');
      assert.equal(await lab.ask('host', 'udp', '127.0.0.1', 8080), '172.30.1.1');
      assert.equal(await lab.ask('host', 'tcp', hostAddress, 8080), hostAddress);
      assert.equal(await lab.ask('host', 'tcp', '172.30.1.1', 8080), '172.30.1.1');
    });

    it('answer only at the host address that they name', async () => {
      assert.equal(await lab.ask('host', 'tcp', '127.0.0.1', 8081), '172.30.1.1');
      await assert.rejects(lab.ask('host', 'tcp', hostAddress, 8081));
      await assert.rejects(lab.ask('outside', 'tcp', hostAddress, 8081));
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8082), outsideAddress);
      await assert.rejects(lab.ask('host', 'tcp', '127.0.0.1', 8082));
    });

    it('at 127.0.0.1 stay out of reach for a neighbour on the wire', async () => {
      await lab.run('outside', 'ip', 'route', 'del', 'table', 'local', 'local', '127.0.0.0/8', 'dev', 'lo');
      await lab.run('outside', 'sysctl', '-qw', 'net.ipv4.conf.up0.route_localnet=1');
      await lab.run('outside', 'ip', 'route', 'add', '127.0.0.1/32', 'via', hostAddress, 'src', outsideAddress);
      await lab.run('host', 'sysctl', '-qw', 'net.ipv4.conf.up0.route_localnet=1');
      await assert.rejects(lab.ask('outside', 'tcp', '127.0.0.1', 8081));
    });

    it('answer containers: of another network, of the same, and itself', async () => {
      assert.equal(await lab.ask({ sandbox: 'db' }, 'tcp', hostAddress, 8080), '172.30.2.12');
      assert.equal(await lab.ask({ sandbox: 'client' }, 'tcp', hostAddress, 8080), '172.30.1.1');
      assert.equal(await lab.ask({ sandbox: 'web' }, 'tcp', hostAddress, 8080), '172.30.1.1');
    });

    it('change hands in one step, and are in the way of nobody else', async () => {
      const web = [sandboxInterface(front, 10)];
      const published = (id: string): readonly number[] => service.publishedBy(id).map((port) => port.published);
      await service.publish(portOwner('old', 'lab-old-1'), web, [portSpec(80, 8095), portSpec(80, 8096)]);
      const ports = [portSpec(80, 8095), portSpec(80, 8097)];
      await assert.rejects(service.publish(portOwner('new', 'lab-new-1'), web, ports), /8095.*container lab-old-1/);
      await service.publish(portOwner('new', 'lab-new-1'), web, ports, 'old');
      assert.deepEqual([published('old'), published('new')], [[8096], [8095, 8097]]);
      await service.unpublish('old');
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8095), outsideAddress);
      await assert.rejects(lab.ask('outside', 'tcp', hostAddress, 8096));
      await service.unpublish('new');
      await assert.rejects(lab.ask('outside', 'tcp', hostAddress, 8095));
    });

    it('are refused when a process of the host uses them, naming it', async () => {
      await lab.serve('host', 'serve', 'tcp', '9000');
      await assert.rejects(
        service.publish(portOwner('api', 'lab-api-1'), [sandboxInterface(front, 11)], [portSpec(80, 9000)]),
        {
          code: 'conflict',
          message: /9000\/tcp: already in use by node\S* \(pid \d+\)/,
        },
      );
    });

    it('are refused when another container has them, naming it', async () => {
      await assert.rejects(
        service.publish(portOwner('api', 'lab-api-1'), [sandboxInterface(front, 11)], [portSpec(80, 8080)]),
        {
          code: 'conflict',
          message: /8080\/tcp: already in use by container lab-web-1/,
        },
      );
    });

    it('are reserved: no process of the host can take them', async () => {
      await assert.rejects(lab.run('host', process.execPath, '-e', 'require("net").createServer().listen(8080)'));
    });

    it('take the next free one of a range', async () => {
      const range = { ...portSpec(80, null), published: { from: 9000, to: 9005 } };
      const [first] = await service.publish(portOwner('api', 'lab-api-1'), [sandboxInterface(front, 11)], [range]);
      assert.equal(first?.published, 9001);
      const [again] = await service.publish(portOwner('api', 'lab-api-1'), [sandboxInterface(front, 11)], [range]);
      assert.equal(again?.published, 9001, 'and stay');
      await service.unpublish('api');
    });

    it('over UDP reach a flow that began before they were published', async () => {
      await lab.serve({ sandbox: 'api' }, 'serve', 'udp', '53000');
      const answers = lab.follow('outside', 'nag', hostAddress, '5300');
      await lab.until(async () => (await lab.run('host', 'cat', '/proc/net/nf_conntrack')).includes('dport=5300'));
      await service.publish(
        portOwner('api', 'lab-api-1'),
        [sandboxInterface(front, 11)],
        [portSpec(53000, 5300, 'udp')],
      );
      assert.equal(await answers.next(), outsideAddress);
      await service.unpublish('api');
    });

    it('over UDP and IPv6 do so, too', async () => {
      const cable = ['ip', '-6', 'address', 'add', 'dev', 'up0', 'nodad'];
      await lab.run('host', ...cable, '2001:db8::2/64');
      await lab.run('outside', ...cable, '2001:db8::1/64');
      const six: NetworkObject = {
        ...networkObject(6),
        spec: networkSpec('lab_six', { enableIpv4: false, enableIpv6: true }),
        pools: [{ subnet: 'fd00:6::/64', gateway: 'fd00:6::1' }],
      };
      const place = {
        ...sandboxInterface(front, 16),
        network: six,
        addresses: ['fd00:6::10/64'],
        gateways: ['fd00:6::1'],
      };
      const path = lab.path('six');
      await service.ensureNetwork(six);
      const request = { id: 'six', path, users: null, hostname: 'six', interfaces: [place], links: [], upstreams: [] };
      await service.ensureSandbox(request);
      await lab.serve({ sandbox: 'six' }, 'serve', 'udp6', '53000');
      const answers = lab.follow('outside', 'nag', '2001:db8::2', '5306');
      await lab.until(async () => (await lab.run('host', 'cat', '/proc/net/nf_conntrack')).includes('dport=5306'));
      await service.publish(portOwner('six', 'lab-six-1'), [place], [portSpec(53000, 5306, 'udp')]);
      assert.equal(await answers.next(), '2001:db8::1');
      await service.unpublish('six');
      await service.removeSandbox('six', path);
      await service.removeNetwork(six);
    });

    it('are refused on internal networks and at IPv6 addresses', async () => {
      await assert.rejects(
        service.publish(portOwner('vault', 'lab-vault-1'), [sandboxInterface(internal, 13)], [portSpec(80, 8090)]),
        /internal/,
      );
      await assert.rejects(
        service.publish(
          portOwner('web', 'lab-web-1'),
          [sandboxInterface(front, 10)],
          [portSpec(80, 8090, 'tcp', '::')],
        ),
        /IPv6/,
      );
    });
  });

  describe('names', () => {
    it('resolve over UDP and TCP, in any case', async () => {
      assert.deepEqual(await lab.lookUp('client', 'web'), { code: 0, truncated: false, answers: ['172.30.1.10'] });
      assert.deepEqual((await lab.lookUp('client', 'WeB', 'A', 'tcp')).answers, ['172.30.1.10']);
    });

    it('resolve in the order of the networks of the container', async () => {
      assert.deepEqual((await lab.lookUp('api', 'api')).answers, ['172.30.1.11']);
      assert.deepEqual((await lab.lookUp('db', 'api')).answers, ['172.30.2.11']);
    });

    it('of other networks are not known', async () => {
      assert.deepEqual((await lab.lookUp('web', 'db')).answers, ['203.0.113.9'], 'asked upstream');
    });

    it('with several addresses give all of them', async () => {
      const { answers } = await lab.lookUp('client', 'both');
      assert.deepEqual(answers.toSorted(), ['172.30.1.10', '172.30.1.11']);
    });

    it('without a record of the type asked for are known all the same', async () => {
      for (const type of ['AAAA', 'MX'] as const) {
        assert.deepEqual(await lab.lookUp('client', 'web', type), { code: 0, truncated: false, answers: [] });
      }
    });

    it('are found for addresses', async () => {
      assert.deepEqual((await lab.lookUp('client', '10.1.30.172.in-addr.arpa', 'PTR')).answers, ['lab-web-1']);
    });

    it('that nobody here knows are asked of the upstream server', async () => {
      assert.deepEqual((await lab.lookUp('client', 'example.org')).answers, ['203.0.113.9']);
      assert.deepEqual((await lab.lookUp('client', 'example.org', 'A', 'tcp')).answers, ['203.0.113.9']);
    });

    it('are asked of the next server when one fails', async () => {
      assert.deepEqual((await lab.lookUp('client', 'broken.example.org')).answers, ['203.0.113.9']);
    });

    it('too long for UDP come cut, and whole over TCP', async () => {
      assert.equal((await lab.lookUp('client', 'big.example.org')).truncated, true);
      assert.deepEqual((await lab.lookUp('client', 'big.example.org', 'A', 'tcp')).answers, ['203.0.113.9']);
    });

    it('in an internal network do not exist when they are unknown', async () => {
      assert.deepEqual(await lab.lookUp('vault', 'example.org'), { code: 3, truncated: false, answers: [] });
    });

    it('are answered at the address even if the container listens at port 53 itself', async () => {
      await lab.serve({ sandbox: 'client' }, 'serve', 'udp', '53');
      assert.deepEqual((await lab.lookUp('client', 'web')).answers, ['172.30.1.10']);
    });
  });

  describe('beside a foreign firewall', () => {
    const drop =
      'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }';
    const rules = async (): Promise<string> => lab.run('host', 'nft', 'list', 'chain', 'ip', 'filter', 'FORWARD');

    const passes = (): Promise<boolean> =>
      lab.ask('outside', 'tcp', hostAddress, 8080).then(
        () => true,
        () => false,
      );

    after(() => lab.run('host', 'nft', 'delete', 'table', 'ip', 'filter'));

    it('that drops what is forwarded, traffic goes on', async () => {
      await lab.run('host', 'nft', drop);
      await lab.until(passes);
      assert.equal(await lab.ask({ sandbox: 'web' }, 'tcp', outsideAddress, 7000), hostAddress);
    });

    it('our rules come back when it is set up again', async () => {
      await lab.run('host', 'nft', 'flush chain ip filter FORWARD');
      await lab.until(async () => (await rules()).includes('tsstack ts-lab1 in'));
      await lab.run('host', 'nft', 'insert rule ip filter FORWARD counter drop');
      await lab.until(passes);
    });

    it('our rules go where Docker wants them, as long as that leads anywhere', async () => {
      const chains = 'add chain ip filter DOCKER-USER; insert rule ip filter FORWARD jump DOCKER-USER';
      await lab.run('host', 'nft', `delete table ip filter; ${drop}; ${chains}`);
      await lab.until(async () =>
        (await lab.run('host', 'nft', 'list', 'chain', 'ip', 'filter', 'DOCKER-USER')).includes('ts-lab1'),
      );
      assert.ok(!(await rules()).includes('ts-lab1'));
      assert.ok(await passes());
      await lab.run('host', 'nft', 'flush chain ip filter FORWARD');
      await lab.until(async () => (await rules()).includes('ts-lab1'));
      assert.ok(await passes());
    });

    it('made with iptables-nft, it can still be read by that', async () => {
      assert.match(await lab.run('host', 'iptables-nft', '-S'), /-i ts-lab1 .*-j ACCEPT/);
    });

    it('made with iptables-legacy, what cannot be done is said', async () => {
      await lab.run('host', 'iptables-legacy', '-P', 'FORWARD', 'DROP');
      await service.ensureNetwork(networkObject(4));
      await service.removeNetwork(networkObject(4));
      await lab.run('host', 'iptables-legacy', '-P', 'FORWARD', 'ACCEPT');
      assert.match(lab.messages.join(), /iptables-legacy is DROP/);
    });
  });

  describe('crashes', () => {
    async function pid(): Promise<number> {
      const client = await NetClient.connect(lab.socketPath);
      const reply = await client.request({ op: 'ping' });
      client.close();
      return reply.pid;
    }

    it('a killed tsstack-net is started again and takes over', async () => {
      const before = await pid();
      process.kill(before, 'SIGKILL');
      // The first request starts the successor, or finds the one that is being started.
      await service.setNames(internal, { names: { vault: ['172.30.3.13'] }, reverse: {} });
      assert.notEqual(await pid(), before);
      assert.deepEqual((await lab.lookUp('client', 'web')).answers, ['172.30.1.10']);
      assert.deepEqual((await lab.lookUp('vault', 'vault', 'A', 'tcp')).answers, ['172.30.3.13']);
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8080), outsideAddress);
      await assert.rejects(lab.run('host', process.execPath, '-e', 'require("net").createServer().listen(8080)'));
    });

    it('a new daemon finds everything as it was', async () => {
      await service.close();
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8080), outsideAddress, 'without any daemon');
      service = await lab.openService();
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8080), outsideAddress);
      await addSandbox('web', 10, front);
      await assert.rejects(
        service.publish(portOwner('db', 'lab-db-1'), [sandboxInterface(back, 12)], [portSpec(80, 8080)]),
        /lab-web-1/,
      );
    });

    it('a bridge that somebody deleted is made again', async () => {
      await lab.run('host', 'ip', 'link', 'delete', 'ts-lab2');
      await addSandbox('late', 20, back, front);
      assert.equal(await lab.ask({ sandbox: 'late' }, 'tcp', '172.30.1.10', 80), '172.30.1.20');
    });

    it('a change on top of rules that somebody deleted puts all of them back', async () => {
      await lab.run('host', 'nft', 'delete', 'table', 'inet', 'tsstack-00c0ffee');
      await service.publish(
        portOwner('web', 'lab-web-1'),
        [sandboxInterface(front, 10)],
        [portSpec(80, 8080), portSpec(80, 8083)],
      );
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8083), outsideAddress);
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8080), outsideAddress);
    });

    it('rules that somebody flushed come back without any daemon', async () => {
      await service.close();
      await lab.run('host', 'nft', 'flush', 'ruleset');
      await lab.until(async () => (await lab.run('host', 'nft', 'list', 'tables')).includes('tsstack-00c0ffee'));
      assert.equal(await lab.ask('outside', 'tcp', hostAddress, 8083), outsideAddress);
      service = await lab.openService();
    });
  });

  describe('at the end', () => {
    it('nothing is left', async () => {
      await service.removeOthers({ ids: [], networks: [] });
      const look = (...command: readonly string[]): Promise<string> => lab.run('host', ...command);
      await lab.until(async () => !/ts-lab|tv[0-9a-f]{13}/.test(await look('ip', '-o', 'link')));
      assert.doesNotMatch(await look('nft', 'list', 'ruleset'), /tsstack/);
      assert.doesNotMatch(await look('cat', '/proc/self/mountinfo'), /tsstack-net-/);
      await lab.until(async () => (await look('ls', `${lab.directory}/netns`)) === '');
      await service.shutDown();
      assert.equal(
        await look('ls', lab.directory),
        ['net.log', 'netns', 'published.json', 'state', 'tunnel.key'].join('\n'),
      );
      assert.deepEqual(JSON.parse(await readFile(`${lab.directory}/published.json`, 'utf8')), {
        networks: [],
        publications: [],
      });
    });
  });
});
