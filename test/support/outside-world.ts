import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DnsReply } from './dns-wire.ts';
import { recordTypes } from './dns-wire.ts';

const run = promisify(execFile);
const peer = join(import.meta.dirname, 'net-peer.ts');
const commandTimeoutMs = 10_000;

/** Where a command runs: on the host of the tests, in the world outside of it, or in the network of the process with that number. */
export type Place = 'host' | 'outside' | number;

/**
 * A second machine as far as networks go: a network namespace behind a cable to the one of the tests, which gets its default
 * route through it. Goes with its processes.
 *
 *   outside 192.0.2.1, name servers 192.0.2.53 and .54 --- 192.0.2.2 the host of the tests
 */
export class OutsideWorld {
  readonly address = '192.0.2.1';
  readonly hostAddress = '192.0.2.2';
  /** With `connectIpv6`. */
  readonly address6 = '2001:db8::1';
  readonly hostAddress6 = '2001:db8::2';
  readonly nameServer = '192.0.2.53';
  readonly #processes: ChildProcess[];
  readonly #pid: number;

  private constructor(holder: ChildProcess, pid: number) {
    this.#processes = [holder];
    this.#pid = pid;
  }

  static async create(): Promise<OutsideWorld> {
    const holder = spawn('unshare', ['--net', 'sh', '-c', 'echo ready; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    if (holder.pid === undefined) throw new Error('the holder of the network did not start');
    const world = new OutsideWorld(holder, holder.pid);
    await world.#connect(holder.pid);
    return world;
  }

  /** Runs a command to its end and resolves to what it printed; rejects when it fails. */
  async run(place: Place, ...command: readonly string[]): Promise<string> {
    const [file = '', ...args] = this.#enter(place, command);
    const { stdout } = await run(file, args, { timeout: commandTimeoutMs });
    return stdout.trim();
  }

  /** Starts a server of net-peer.ts and resolves when it serves. */
  async serve(place: Place, ...command: readonly string[]): Promise<void> {
    const [file = '', ...args] = this.#enter(place, [process.execPath, peer, ...command]);
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#processes.push(child);
    await once(child.stdout, 'data');
  }

  /** The address at which a server (`serve` of net-peer.ts) sees this place. */
  ask(place: Place, protocol: 'tcp' | 'udp', host: string, port: number): Promise<string> {
    return this.run(place, process.execPath, peer, 'ask', protocol, host, String(port));
  }

  /** Asks 127.0.0.11 in the network of a process. */
  async lookUp(
    place: number,
    name: string,
    protocol: 'udp' | 'tcp' = 'udp',
    type: keyof typeof recordTypes = 'A',
  ): Promise<DnsReply> {
    const command = [process.execPath, peer, 'lookup', protocol, name, String(recordTypes[type])];
    return JSON.parse(await this.run(place, ...command)) as DnsReply;
  }

  /** Gives the cable IPv6 addresses, too. */
  async connectIpv6(): Promise<void> {
    const add = ['ip', '-6', 'address', 'add'];
    await this.run('outside', ...add, `${this.address6}/64`, 'dev', 'up0', 'nodad');
    await this.run('host', ...add, `${this.hostAddress6}/64`, 'dev', 'up0', 'nodad');
    await this.run('host', 'ip', '-6', 'route', 'add', 'default', 'via', this.address6);
  }

  async close(): Promise<void> {
    // The kernel takes a network namespace apart some time after its last process; the name of the cable is wanted again before.
    await this.run('host', 'ip', 'link', 'del', 'up0');
    for (const child of this.#processes) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }

  #enter(place: Place, command: readonly string[]): readonly string[] {
    if (place === 'host') return command;
    return ['nsenter', '-t', String(place === 'outside' ? this.#pid : place), '-n', ...command];
  }

  async #connect(pid: number): Promise<void> {
    await this.run('outside', 'ip', 'link', 'set', 'lo', 'up');
    await this.run('host', 'ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up0', 'netns', String(pid));
    for (const address of [this.address, this.nameServer, '192.0.2.54']) {
      await this.run('outside', 'ip', 'address', 'add', `${address}/24`, 'dev', 'up0');
    }
    await this.run('host', 'ip', 'address', 'add', `${this.hostAddress}/24`, 'dev', 'up0');
    await this.run('outside', 'ip', 'link', 'set', 'up0', 'up');
    await this.run('host', 'ip', 'link', 'set', 'up0', 'up');
    await this.run('host', 'ip', 'route', 'add', 'default', 'via', this.address);
  }
}
