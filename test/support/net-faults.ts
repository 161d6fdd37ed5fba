import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NetClient } from '../../agents/host/native/net-client.ts';
import { NativeError } from '../../agents/host/native/native-error.ts';
import { encryptedPort, wireguardPort } from '../../agents/host/networks/encryption/plan-encryption.ts';
import type { NetRequest, WireguardRequest } from '../../agents/host/native/net-protocol.ts';
import { FaultInjector } from './fault-lab.ts';
import type { Fault } from './fault-lab.ts';
import { eventually } from './shim-lab.ts';

const owner = 'fa017500';
const bridge = 'ts-faults';
const table = 'inet tsstack-faults';
const wireguard: WireguardRequest = {
  op: 'wireguard.set',
  owner,
  local: '192.0.2.1',
  port: encryptedPort,
  listen: wireguardPort,
  privateKey: '01'.repeat(32),
  peers: ['2', '3'].map((n) => ({ address: `192.0.2.${n}`, publicKey: `0${n}`.repeat(32), port: wireguardPort })),
};
/** Not that of this machine; that of vm-run has it loaded. */
const hasWireguard = existsSync('/sys/module/wireguard');
const ids = ['web', 'mapped'] as const;

/** What has come of requests: null = all were carried out. */
type Failure = string | null;

/** A network with two containers, from the start of tsstack-net to its end, in the network and mount namespace of the test. */
export class NetFaults {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tsstack-faults-'));
  readonly #injector = new FaultInjector(this.#directory);
  readonly #socket = join(this.#directory, 'net.sock');
  readonly #state = join(this.#directory, 'state');
  /** What a life without faults makes. */
  #whole: string | null = null;

  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Says why something was not done, or has done it; nothing is left. Gives what has failed, a line each. */
  async live(fault: Fault): Promise<readonly string[]> {
    const { failure, summary, faults } = await this.#run(fault);
    if (failure !== null) {
      assert.match(failure, /\w{3}/, summary);
      assert.ok(fault.kind === 'call' || fault.kind === 'memory', `${summary}: ${failure}`);
      const next = await this.#run({ kind: 'none' }, true);
      assert.equal(next.failure, null, `${summary}: its successor: ${next.failure ?? ''}`);
    }
    // What could not be removed goes with the next one.
    if (/^(umount2|unlink)/.test(summary)) await this.#run({ kind: 'none' });
    // The kernel frees a namespace, and with it the links that nobody has deleted, when it finds the time.
    await eventually(`${summary}: nothing left of it`, () => this.#findRemains().length === 0).catch(
      (error: unknown) => {
        throw new Error(this.#findRemains().join('\n'), { cause: error });
      },
    );
    return faults;
  }

  /** `cleansUp`: as the successor of one that has failed. */
  async #run(
    fault: Fault,
    cleansUp = false,
  ): Promise<{ readonly failure: Failure; readonly summary: string; readonly faults: readonly string[] }> {
    const server = this.#injector.start(fault, 'net', ['--socket', this.#socket, '--state', this.#state]);
    const failures: string[] = [];
    let made: string | null = null;
    const ready = await server.hear();
    if (ready === '{"ready":true}') {
      if (!cleansUp) failures.push(...(await this.#ask(this.#beginning())));
      if (!cleansUp && failures.length === 0) made = this.#describe();
      failures.push(...(await this.#ask(this.#end())));
      await this.#ask([{ op: 'shutdown' }]); // again, where that connection was lost
    } else failures.push(ready ?? '');
    const { summary, faults } = await server.end(true);
    // When it has ended: another one can begin, whatever comes of this.
    if (made !== null) assert.equal(made, (this.#whole ??= made), summary);
    if (failures.length === 0) return { failure: null, summary, faults };
    return { failure: failures.every(isMute) ? server.stderr : failures.join(), summary, faults };
  }

  /** The problems that were told, and an empty text where there is no connection, or it has ended. */
  async #ask(requests: readonly NetRequest[]): Promise<readonly string[]> {
    const client = await NetClient.connect(this.#socket).catch(() => null);
    if (client === null) return [''];
    const replies = await Promise.all(requests.map((request) => client.request(request).then(() => null, explain)));
    client.close();
    return replies.filter((reply) => reply !== null);
  }

  #path(id: string): string {
    return join(this.#directory, 'netns', id);
  }

  #beginning(): readonly NetRequest[] {
    const sandbox = {
      op: 'sandbox.ensure',
      hostname: 'web',
      dns: { networks: ['front'], upstreams: ['192.0.2.53'], internal: false, links: {} },
      sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    } as const;
    const attachment = { network: 'front', bridge, parent: null, mtu: 1500, isolated: false, routes: [] };
    const [web, mapped] = ids.map((id, i) => ({
      ...sandbox,
      id,
      path: this.#path(id),
      interfaces: [
        {
          ...attachment,
          name: 'eth0',
          mac: `02:42:ac:1e:09:0${i}`,
          addresses: [`172.30.9.1${i}/24`],
          gateways: ['172.30.9.1'],
        },
      ],
    }));
    assert.ok(web !== undefined && mapped !== undefined);
    const addresses = ['172.30.9.1/24', 'fd00:9::1/64'];
    const script = `table ${table} {\n chain c {\n counter\n }\n}\n`;
    return [
      {
        op: 'network.ensure',
        id: 'front',
        owner,
        bridge,
        mac: '02:42:ac:1e:09:fe',
        addresses,
        mtu: 1500,
        internal: false,
      },
      { op: 'dns.set', network: 'front', names: { web: ['172.30.9.10'] }, reverse: {} },
      { ...web, users: null },
      { ...mapped, users: { first: 600_000, count: 65_536 } },
      { op: 'nft', script, keep: { table, script } },
      { op: 'guard', bridges: [bridge] },
      {
        op: 'ports.reserve',
        id: 'web',
        ports: [
          { protocol: 'tcp', hostIp: '*', port: 8080, last: 8090 },
          { protocol: 'udp', hostIp: '127.0.0.1', port: 0, last: 0 },
        ],
      },
      { op: 'conntrack.forget', ports: { 8080: ['172.30.1.2'] }, gone: ['172.30.1.3'] },
      // Without keys, which not every kernel takes.
      { op: 'ipsec.set', owner, local: '192.0.2.1', port: encryptedPort, associations: [] },
      { op: 'wireguard.probe' },
      ...(hasWireguard ? [wireguard] : []),
    ];
  }

  #end(): readonly NetRequest[] {
    return [
      { ...wireguard, local: null, privateKey: null, peers: [] },
      { op: 'ipsec.set', owner, local: null, port: encryptedPort, associations: [] },
      { op: 'ports.release', id: 'web' },
      { op: 'guard', bridges: [] },
      { op: 'nft', script: `table ${table}\ndelete table ${table}`, keep: { table, script: null } },
      ...ids.map((id) => ({ op: 'sandbox.remove', id, path: this.#path(id) }) as const),
      { op: 'dns.remove', network: 'front' },
      { op: 'network.remove', id: 'front', bridge },
      { op: 'shutdown' },
    ];
  }

  /** All that was made, without numbers that are others each time. */
  #describe(): string {
    const inside = ids.map((id) => `nsenter --net=${this.#path(id)} sh -c 'ip -br address; ip route; nft list tables'`);
    const commands = [
      'ip -br address',
      'ip xfrm policy',
      'ip rule',
      `ip route show table ${0x75000000 + 0x017500} 2>&1 || true`,
      'nft list tables',
      ...inside,
      `find ${this.#state} -type f | sort`,
    ];
    const text = execFileSync('sh', ['-ec', commands.join('; ')], { encoding: 'utf8' });
    // Whether a link has a carrier the kernel notes when it finds the time.
    return text.replaceAll(/@\S+|tv\w+| +(UP|UNKNOWN|LOWERLAYERDOWN)(?= )| +/g, ' ');
  }

  /** Links, tables, mounts and files that should have gone. */
  #findRemains(): readonly string[] {
    const see = (...command: readonly string[]): readonly string[] => {
      const [file = '', ...args] = command;
      return execFileSync(file, args, { encoding: 'utf8' }).split('\n');
    };
    const files = [this.#state, join(this.#directory, 'netns')].filter((path) => existsSync(path)).flatMap(filesBelow);
    return [
      ...see('ip', '-o', 'link').filter((line) => / (ts-|tv|tswg-)/.test(line)),
      ...see('nft', 'list', 'tables').filter((line) => line.includes(table) || /ipsec|wireguard/.test(line)),
      ...see('ip', 'rule').filter((line) => /[sd]port/.test(line)),
      ...see('ip', 'xfrm', 'policy').filter((line) => line.startsWith('src ')),
      ...readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .filter((line) => line.includes(this.#directory)),
      ...files.filter((path) => !path.endsWith('/lock') && !path.endsWith('/guard/set.json')),
      ...(existsSync(this.#socket) ? [this.#socket] : []),
    ];
  }
}

function explain(error: unknown): string {
  if (error instanceof NativeError) return error.message;
  return '';
}

function isMute(problem: string): boolean {
  return problem === '';
}

function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}
