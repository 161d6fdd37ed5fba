import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './test-host.ts';

const startTimeoutMs = 60_000;

/** Debian's dockerd with roots and a socket of its own, in the network of the tests. */
export class Dockerd {
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(directory: string, child: ChildProcess) {
    this.#directory = directory;
    this.#process = child;
  }

  /** `options` are further ones of its command line. */
  static async start(...options: readonly string[]): Promise<Dockerd> {
    const directory = mkdtempSync(join(tmpdir(), 'tsstack-dockerd-'));
    const at = (name: string): string => join(directory, name);
    const roots = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
    // Not the machine's own configuration.
    writeFileSync(at('config.json'), '{}');
    const log = openSync(at('log'), 'w');
    const listening = ['--config-file', at('config.json'), '--host', `unix://${at('sock')}`];
    const child = spawn('dockerd', [...roots, ...listening, ...options], { stdio: ['ignore', log, log] });
    closeSync(log);
    const dockerd = new Dockerd(directory, child);
    const isReady = await until(
      async () => child.exitCode !== null || (await answers(at('sock'))),
      Boolean,
      startTimeoutMs,
    ).catch(() => false);
    if (isReady && child.exitCode === null) return dockerd;
    const text = readFileSync(at('log'), 'utf8').slice(-2000);
    await dockerd.stop();
    throw new Error(`dockerd did not start:\n${text}`);
  }

  get socket(): string {
    return join(this.#directory, 'sock');
  }

  /** Ends it and takes away what it leaves: rules, links and mounts that later tests do not expect. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    spawnSync('ip', ['link', 'delete', 'docker0']);
    for (const table of ['filter', 'nat', 'mangle', 'raw']) spawnSync('nft', ['delete', 'table', 'ip', table]);
    // Where the mount below is private, it has mounted its root on itself to make it shared.
    spawnSync('umount', ['--recursive', join(this.#directory, 'data')]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ socketPath, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    sent.once('timeout', () => sent.destroy());
    sent.once('error', () => resolve(false));
    sent.end();
  });
}
