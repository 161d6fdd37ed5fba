import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a member runs. */
interface Place {
  readonly peer: string;
  readonly client: string;
  /** The command that runs a command there. */
  readonly enter: (command: readonly string[]) => readonly string[];
}

/** A member of a real etcd. */
export class EtcdProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-etcd-'));
  readonly endpoint: string;
  readonly #command: readonly string[];
  readonly #logLines: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(endpoint: string, args: readonly string[], enter: Place['enter']) {
    this.endpoint = endpoint;
    this.#command = enter(['etcd', ...args, '--data-dir', join(this.directory, 'data')]);
  }

  /** One member, which serves when this resolves. `args` go to etcd. */
  static async start(...args: readonly string[]): Promise<EtcdProcess> {
    const [etcd] = await EtcdProcess.startCluster(1, ...args);
    if (etcd === undefined) throw new TypeError('a cluster of one has one member');
    return etcd;
  }

  /** Several members that know each other, on loopback. */
  static async startCluster(size: number, ...args: readonly string[]): Promise<readonly EtcdProcess[]> {
    const ports = await freePorts(size * 2);
    const here = (command: readonly string[]): readonly string[] => command;
    const places = Array.from({ length: size }, (_unused, index) => ({
      peer: `127.0.0.1:${ports[index]}`,
      client: `127.0.0.1:${ports[size + index]}`,
      enter: here,
    }));
    return EtcdProcess.#startAt(places, args);
  }

  /** One member that speaks TLS, and only with those whose certificate is of the authority. The arguments are names of files. */
  static async startSecure(files: Readonly<Record<'ca' | 'certificate' | 'key', string>>): Promise<EtcdProcess> {
    const [port, peerPort] = await freePorts(2);
    const peer = `http://127.0.0.1:${peerPort}`;
    const url = `https://127.0.0.1:${port}`;
    const peers = [
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
    ];
    const clients = ['--listen-client-urls', url, '--advertise-client-urls', url, '--client-cert-auth'];
    const tls = ['--trusted-ca-file', files.ca, '--cert-file', files.certificate, '--key-file', files.key];
    const etcd = new EtcdProcess(`127.0.0.1:${port}`, [...peers, ...clients, ...tls], (command) => command);
    await etcd.start();
    return etcd;
  }

  /** One member on each of those hosts. */
  static startOn(
    hosts: readonly { readonly address: string; enter(command: readonly string[]): readonly string[] }[],
  ): Promise<readonly EtcdProcess[]> {
    const places = hosts.map((host) => ({
      peer: `${host.address}:2380`,
      client: `${host.address}:2379`,
      enter: (command: readonly string[]) => host.enter(command),
    }));
    return EtcdProcess.#startAt(places, []);
  }

  static async #startAt(places: readonly Place[], args: readonly string[]): Promise<readonly EtcdProcess[]> {
    const cluster = places.map(({ peer }, index) => `m${index}=http://${peer}`).join(',');
    const members = places.map(({ peer, client, enter }, index) => {
      const peerUrl = `http://${peer}`;
      const own = ['--name', `m${index}`, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl];
      const clients = ['--listen-client-urls', `http://${client}`, '--advertise-client-urls', `http://${client}`];
      // A lost leader is replaced within a second.
      const timing = ['--heartbeat-interval', '100', '--election-timeout', '500'];
      return new EtcdProcess(client, [...own, ...clients, ...timing, '--initial-cluster', cluster, ...args], enter);
    });
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  /** Starts it again after `kill`, with the same data; resolves when it serves. */
  async start(...more: readonly string[]): Promise<void> {
    const [program = '', ...args] = this.#command;
    const child = spawn(program, [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    const lines = createInterface(child.stderr);
    const ready = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        this.#logLines.push(line);
        if (line.includes('serving insecure client requests') || line.includes('serving client')) resolve();
      });
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`etcd ended:\n${this.#logLines.slice(-20).join('\n')}`);
    });
    await Promise.race([ready, ended]);
    ended.catch(() => undefined);
  }

  /** Stops the process where it is; connections stay open and nobody answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Names of the keys below the prefix. */
  async keys(prefix: string): Promise<readonly string[]> {
    const output = await this.control('get', '--prefix', '--keys-only', prefix);
    return output.split('\n').filter((line) => line !== '');
  }

  /** Everything below the prefix. */
  dump(prefix: string): Promise<string> {
    return this.control('get', '--prefix', prefix);
  }

  async put(key: string, value: string): Promise<void> {
    await this.control('put', key, value);
  }

  /** Runs etcdctl against this member. */
  async control(...args: readonly string[]): Promise<string> {
    const options = { env: { ...process.env, ETCDCTL_API: '3' }, maxBuffer: 64 * 1024 * 1024 };
    const { stdout } = await run('etcdctl', ['--endpoints', this.endpoint, ...args], options);
    return stdout;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Kills it and forgets its data. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** So many different ones: all are taken before any is let go. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
