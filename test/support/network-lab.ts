import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { NetworkService } from '../../agents/host/networks/network-service.ts';
import type { PortOwner } from '../../agents/host/networks/published-ports.ts';
import type { NetworkServiceOptions } from '../../agents/host/networks/network-service.ts';
import type { NetworkObject } from '../../src/model/objects.ts';
import type { PortSpec } from '../../src/model/spec.ts';
import type { DnsReply } from './dns-wire.ts';
import { recordTypes } from './dns-wire.ts';
import { nativeProgram } from './native-build.ts';
import type { SandboxInterface } from '../../agents/host/tasks/task-host.ts';
import { networkSpec } from '../fixtures/network-spec.ts';

const run = promisify(execFile);
const peer = join(import.meta.dirname, 'net-peer.ts');
const program = nativeProgram('net');

/** Links of a namespace that somebody keeps alive are deleted after 3 s; this bounds a failing test. */
const backgroundMs = 60_000;
/** Longest time of one command; it bounds a failing test. */
const commandMs = 30_000;

/** Where a command runs: in the lab's host, in a container's sandbox, or in the world outside. */
export type Place = 'host' | 'outside' | { readonly sandbox: string };

/**
 * A host of its own for network tests: a network and a mount namespace, in which tsstack-net runs as on a real machine, and a
 * second network namespace as the world outside. Nothing of it touches this machine's network, and all goes with its processes.
 *
 *   outside 192.0.2.1 and 192.0.2.53, .54 (name servers) --- 192.0.2.2 host --- bridges --- sandboxes
 */
export class NetworkLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-net-'));
  readonly socketPath = join(this.directory, 'net.sock');
  /** What tsstack-net says goes to `messages` from there. */
  readonly #logPath = join(this.directory, 'net.log');
  readonly #processes: ChildProcess[] = [];
  readonly #host: number;
  readonly #outside: number;
  readonly messages: string[] = [];

  private constructor(host: ChildProcess, outside: ChildProcess) {
    this.#processes.push(host, outside);
    this.#host = pidOf(host);
    this.#outside = pidOf(outside);
  }

  static async create(): Promise<NetworkLab> {
    const [host, outside] = await Promise.all([hold('--net', '--mount', '--propagation', 'private'), hold('--net')]);
    const lab = new NetworkLab(host, outside);
    await lab.#connect();
    return lab;
  }

  /** Opens the service as a daemon does; a second call is a second daemon after the first. `change` is what this daemon does otherwise. */
  openService(change: Partial<NetworkServiceOptions> = {}): Promise<NetworkService> {
    return NetworkService.open({
      instance: '00c0ffee',
      nodeId: 'n1',
      statePath: join(this.directory, 'published.json'),
      overlayDirectory: join(this.directory, 'overlays'),
      tunnelKeyPath: join(this.directory, 'tunnel.key'),
      program,
      socketPath: this.socketPath,
      stateDirectory: join(this.directory, 'state'),
      logPath: this.#logPath,
      spawn: (argv) => this.#spawnHelper(argv),
      wireguard: 'missing',
      onWireguard: () => undefined,
      onTunnelKey: () => undefined,
      onEncryption: (problem) => this.messages.push(problem ?? ''),
      log: (message) => this.messages.push(message),
      ...change,
    });
  }

  /** The process that keeps the host's namespaces. */
  get holder(): number {
    return this.#host;
  }

  /** Path of a sandbox's namespace. */
  path(sandbox: string): string {
    return join(this.directory, 'netns', sandbox);
  }

  /** Runs a command to its end and resolves to what it printed; rejects when it fails. */
  async run(place: Place, ...command: readonly string[]): Promise<string> {
    const [file = '', ...args] = this.#enter(place, command);
    const { stdout } = await run(file, args, { timeout: commandMs });
    return stdout.trim();
  }

  /** Starts a peer that serves, and resolves when it is ready. */
  serve(place: Place, ...command: readonly string[]): Promise<void> {
    return this.start(place, process.execPath, peer, ...command);
  }

  /** Starts a command that goes on, and resolves when it has printed something. */
  async start(place: Place, ...command: readonly string[]): Promise<void> {
    const [file = '', ...args] = this.#enter(place, command);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#processes.push(child);
    await once(child.stdout, 'data');
  }

  /** Starts a peer that goes on printing; `next` resolves to its next line. */
  follow(
    place: Place,
    ...command: readonly string[]
  ): { readonly next: () => Promise<string>; readonly signal: (name: NodeJS.Signals) => void } {
    const [file = '', ...args] = this.#enter(place, [process.execPath, peer, ...command]);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#processes.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      next: async () => {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`${command.join(' ')} has ended`);
        return value;
      },
      signal: (name) => void child.kill(name),
    };
  }

  /** Address that a server sees the place at. */
  ask(place: Place, protocol: 'tcp' | 'udp', host: string, port: number): Promise<string> {
    return this.run(place, process.execPath, peer, 'ask', protocol, host, String(port));
  }

  async lookUp(
    sandbox: string,
    name: string,
    type: keyof typeof recordTypes = 'A',
    protocol: 'udp' | 'tcp' = 'udp',
  ): Promise<DnsReply> {
    const command = [process.execPath, peer, 'lookup', protocol, name, String(recordTypes[type])];
    return JSON.parse(await this.run({ sandbox }, ...command)) as DnsReply;
  }

  /** Waits for what the kernel or tsstack-net does in the background. */
  async until(condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + backgroundMs; !(await condition());) {
      if (Date.now() > end) throw new Error(`not within ${backgroundMs} ms: ${condition.toString()}`);
    }
  }

  /** Ends every process of the lab; the kernel frees the rest. */
  async close(): Promise<void> {
    const ends = this.#processes.filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      ends.map(async (child) => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }

  #enter(place: Place, command: readonly string[]): readonly string[] {
    if (place === 'outside') return ['nsenter', '-t', String(this.#outside), '-n', ...command];
    const host = ['nsenter', '-t', String(this.#host), '-n', '-m'];
    return place === 'host'
      ? [...host, ...command]
      : [...host, 'nsenter', `--net=${this.path(place.sandbox)}`, ...command];
  }

  async #connect(): Promise<void> {
    await this.run('host', 'ip', 'link', 'set', 'lo', 'up');
    await this.run('outside', 'ip', 'link', 'set', 'lo', 'up');
    const peerEnd = ['peer', 'name', 'up0', 'netns', String(this.#outside)];
    await this.run('host', 'ip', 'link', 'add', 'up0', 'type', 'veth', ...peerEnd);
    await this.#configure('host', ['192.0.2.2/24'], '192.0.2.1');
    await this.#configure('outside', ['192.0.2.1/24', '192.0.2.53/24', '192.0.2.54/24'], null);
  }

  async #configure(place: Place, addresses: readonly string[], gateway: string | null): Promise<void> {
    for (const address of addresses) await this.run(place, 'ip', 'address', 'add', address, 'dev', 'up0');
    await this.run(place, 'ip', 'link', 'set', 'up0', 'up');
    if (gateway !== null) await this.run(place, 'ip', 'route', 'add', 'default', 'via', gateway);
  }

  /** As the launcher does it: the helper says through a pipe when it is ready. */
  async #spawnHelper(argv: readonly string[]): Promise<void> {
    const [file = '', ...args] = this.#enter('host', argv);
    const log = openSync(this.#logPath, 'a');
    const child = spawn(file, args, {
      stdio: ['ignore', log, log, 'pipe'],
      env: { ...process.env, TSSTACK_READY_FD: '3' },
    });
    closeSync(log);
    this.#processes.push(child);
    const pipe = child.stdio[3];
    if (pipe === null || pipe === undefined || !('setEncoding' in pipe)) throw new Error('no pipe to tsstack-net');
    const [line] = (await once(pipe, 'data')) as [Buffer];
    pipe.destroy();
    const { error } = JSON.parse(line.toString()) as { error?: { message: string } };
    if (error !== undefined) throw new Error(error.message);
  }
}

/** A process that does nothing but keep its new namespaces alive. */
async function hold(...namespaces: readonly string[]): Promise<ChildProcess> {
  const child = spawn('unshare', [...namespaces, 'sh', '-c', 'echo ready; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('the holder of a namespace did not start');
  return child.pid;
}

/** A network object as a manager would assign it. */
export function networkObject(number: number, internal = false): NetworkObject {
  const now = '2026-01-01T00:00:00Z';
  return {
    kind: 'network',
    id: `network${number}`,
    version: 1,
    createdAt: now,
    updatedAt: now,
    stack: 'lab',
    key: `net${number}`,
    name: `lab_net${number}`,
    spec: networkSpec(`lab_net${number}`, { internal }),
    pools: [{ subnet: `172.30.${number}.0/24`, gateway: `172.30.${number}.1` }],
    bridge: `ts-lab${number}`,
    vni: 4096,
    nodeAddresses: {},
    virtualAddresses: {},
  };
}

/** A container with its name, and the service whose ports it shares. */
export function portOwner(id: string, name: string, service: string | null = null): PortOwner {
  return { id, name, service };
}

export function portSpec(
  target: number,
  published: number | null,
  protocol: 'tcp' | 'udp' = 'tcp',
  hostIp: string | null = null,
): PortSpec {
  return {
    target,
    protocol,
    mode: 'ingress',
    hostIp,
    published: published === null ? null : { from: published, to: published },
  };
}

/** A place in a network of networkObject() with that last number, without wishes. */
export function sandboxInterface(network: NetworkObject, last: number): SandboxInterface {
  const third = Number(network.pools[0]?.subnet.split('.')[2]);
  const octets = [third, last].map((octet) => octet.toString(16).padStart(2, '0'));
  return {
    network,
    addresses: [`172.30.${third}.${last}/24`],
    gateways: network.pools.map(({ gateway }) => gateway),
    mac: `02:42:ac:1e:${octets.join(':')}`,
    name: null,
    gatewayPriority: 0,
    linkLocalAddresses: [],
    sysctls: {},
  };
}
