import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A real etcd of one member or of several, on loopback addresses of the test's own network. */
export class EtcdProcess {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-etcd-'));
  readonly endpoint: string;
  readonly #args: readonly string[];
  readonly #logLines: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(endpoint: string, args: readonly string[]) {
    this.endpoint = endpoint;
    this.#args = [...args, '--data-dir', join(this.directory, 'data')];
  }

  /** One member, which serves when this resolves. `args` go to etcd. */
  static async start(...args: readonly string[]): Promise<EtcdProcess> {
    const [etcd] = await EtcdProcess.startCluster(1, ...args);
    if (etcd === undefined) throw new TypeError('a cluster of one has one member');
    return etcd;
  }

  /** Several members that know each other. */
  static async startCluster(size: number, ...args: readonly string[]): Promise<readonly EtcdProcess[]> {
    const ports = await Promise.all(Array.from({ length: size * 2 }, freePort));
    const peers = Array.from({ length: size }, (_unused, index) => `http://127.0.0.1:${ports[index]}`);
    const cluster = peers.map((peer, index) => `m${index}=${peer}`).join(',');
    const members = peers.map((peer, index) => {
      const endpoint = `127.0.0.1:${ports[size + index]}`;
      const own = ['--name', `m${index}`, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer];
      const client = ['--listen-client-urls', `http://${endpoint}`, '--advertise-client-urls', `http://${endpoint}`];
      // As tsstack runs it: a lost leader is replaced within a second.
      const timing = ['--heartbeat-interval', '100', '--election-timeout', '500'];
      return new EtcdProcess(endpoint, [...own, ...client, ...timing, '--initial-cluster', cluster, ...args]);
    });
    await Promise.all(members.map((member) => member.start()));
    return members;
  }

  /** Starts it again after `kill`, with the same data; resolves when it serves. */
  async start(...more: readonly string[]): Promise<void> {
    const child = spawn('etcd', [...this.#args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
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

/** A TCP port on loopback that nobody listens at now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
