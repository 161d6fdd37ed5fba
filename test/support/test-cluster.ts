/** Several hosts on one machine: each with its own network, mounts, name, roots and daemon, on one underlay network. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endLeftovers } from './leftovers.ts';
import { simulateReboot } from './reboot.ts';
import { TestHost, untilGone } from './test-host.ts';
import { addressOf, runCommand, Underlay } from './underlay.ts';

/** One host of a cluster under test. */
export class ClusterHost extends TestHost {
  /** Also its host name. */
  readonly name: string;
  readonly number: number;
  readonly address: string;
  readonly #process: ChildProcess;

  private constructor(name: string, number: number, process: ChildProcess, holder: number) {
    super(holder);
    this.name = name;
    this.number = number;
    this.address = addressOf(number);
    this.#process = process;
  }

  /** A host without any network yet. It goes when its holder or the tests end: the holder waits for the end of its input. */
  static async create(name: string, number: number): Promise<ClusterHost> {
    const isolation = ['--net', '--mount', '--uts', '--propagation', 'private'];
    const child = spawn('unshare', [...isolation, 'sh', '-c', 'hostname "$0" && echo ready && exec cat', name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    if (child.pid === undefined) throw new Error(`host ${name} did not start`);
    return new ClusterHost(name, number, child, child.pid);
  }

  /** Runs a program on this host; throws when it fails. */
  sh(...command: readonly string[]): string {
    return runCommand(...this.enter(command));
  }

  /** As a power cut: every process of the host ends at once, and what lived in its memory goes. Its cable stays. */
  async powerOff(): Promise<void> {
    if (this.#isDaemonThere) await simulateReboot(this);
  }

  /** Ends the daemon of a host that has one, in order. */
  async shutDown(): Promise<void> {
    if (!this.#isDaemonThere) return;
    const pid = Number(readFileSync(this.see(join(this.runRoot, 'daemon.pid')), 'utf8'));
    process.kill(pid, 'SIGTERM');
    await untilGone(pid);
  }

  /** The namespaces go with their last process. */
  async release(): Promise<void> {
    endLeftovers(this);
    this.#process.stdin?.end();
    if (this.#process.exitCode === null) await once(this.#process, 'exit');
  }

  get #isDaemonThere(): boolean {
    return existsSync(this.see(join(this.runRoot, 'daemon.pid')));
  }
}

/** Hosts that are connected to each other and know nothing of each other yet. */
export class TestCluster {
  readonly hosts: readonly ClusterHost[];
  readonly underlay: Underlay;

  private constructor(hosts: readonly ClusterHost[], underlay: Underlay) {
    this.hosts = hosts;
    this.underlay = underlay;
  }

  /** Makes a host for each name, at 10.90.0.1, .2 and so on. */
  static async create(...names: readonly string[]): Promise<TestCluster> {
    const underlay = new Underlay();
    const hosts = await Promise.all(names.map((name, index) => ClusterHost.create(name, index + 1)));
    for (const { number, holder } of hosts) if (holder !== null) underlay.plug(number, holder);
    return new TestCluster(hosts, underlay);
  }

  /** The host of that name. */
  host(name: string): ClusterHost {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) throw new Error(`there is no host ${name}`);
    return found;
  }

  /** Makes the first one a manager and the others workers of its cluster. */
  async form(manager: string, ...workers: readonly string[]): Promise<void> {
    const { stdout } = await this.host(manager).ok(['cluster', 'init']);
    const token = /--token (\S+)/.exec(stdout)?.[1] ?? '';
    for (const name of workers)
      await this.host(name).ok(['cluster', 'join', '--token', token, this.host(manager).address]);
  }

  /** Cuts a host off from the others in both directions; connections just hear nothing any more. */
  cut(name: string): void {
    this.cutFrom(name);
    this.cutTo(name);
  }

  /** Loses everything that a host sends to the others. */
  cutFrom(name: string): void {
    this.underlay.drop('from', this.host(name).number);
  }

  /** Loses everything that the others send to a host. */
  cutTo(name: string): void {
    this.underlay.drop('to', this.host(name).number);
  }

  /** Pulls the cable of a host. */
  unplug(name: string): void {
    this.underlay.unplug(this.host(name).number);
  }

  /** Undoes every cut. */
  heal(): void {
    this.underlay.heal(this.hosts.map(({ number }) => number));
  }

  /** Takes down the stacks that `managers` know of, ends the daemons and fails when something was left behind. */
  async stop(...managers: readonly string[]): Promise<void> {
    try {
      this.heal();
      for (const name of managers) await this.host(name).removeStacks();
      for (const host of this.hosts) await host.shutDown();
      for (const host of this.hosts) await host.checkLeftovers();
    } finally {
      // Before the hosts: a cable goes with the network at its other end, some time after that.
      this.underlay.remove(this.hosts.map(({ number }) => number));
      for (const host of this.hosts) await host.release();
    }
  }
}
