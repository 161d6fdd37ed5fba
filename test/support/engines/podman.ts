import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineCgroup } from './engine-cgroup.ts';
import { runProgram, type ProgramResult } from '../run-program.ts';
import type { Engine } from './engine.ts';

/** Where the box keeps its records: podman's helper that cleans up is not told of another place. */
const boxRecords = '/run/tsstack-box';
/** Replaced in the mounts of the tests: the records, and a cache that podman has nowhere else. */
const fixedDirectories = [boxRecords, '/var/lib/containers'];

/** Debian's podman over the box, with storage and state of its own. It has no daemon. */
export class Podman implements Engine {
  readonly missingInExec = 127;
  /** Debian 12's conmon writes it into its working directory, where podman does not look; also over runc. */
  readonly oomKilled = null;
  readonly #cgroup = new EngineCgroup();
  readonly runOptions = ['--cgroup-parent', this.#cgroup.name];
  readonly #directory = mkdtempSync(join(tmpdir(), 'tsstack-podman-'));
  readonly #box: string;

  private constructor(programs: string) {
    this.#box = join(programs, 'tsstack-box');
    // conmon stays in the cgroup of the tests, where podman would make one at the hierarchy's root; locks are in files, where
    // podman would share memory with any other podman of this machine.
    const settings = [
      '[containers]',
      'cgroups = "no-conmon"',
      `init_path = "${join(programs, 'tsstack-init')}"`,
      '[engine]',
      'lock_type = "file"',
    ];
    writeFileSync(this.#at('containers.conf'), settings.join('\n'));
    for (const path of fixedDirectories) {
      mkdirSync(path, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', 'podman', path]);
    }
  }

  /** `programs` is the directory of the native ones. */
  static async start(programs: string, archive: string): Promise<Podman> {
    const podman = new Podman(programs);
    const { code, stderr } = await podman.client('load', '--input', archive);
    if (code === 0) return podman;
    await podman.dispose();
    throw new Error(`podman could not load ${archive}: ${stderr}`);
  }

  client(...args: readonly string[]): Promise<ProgramResult> {
    const storage = ['--root', this.#at('root'), '--runroot', this.#at('run'), '--storage-driver', 'vfs'];
    const state = ['--tmpdir', this.#at('tmp'), '--events-backend', 'file', '--cgroup-manager', 'cgroupfs'];
    return runProgram('podman', [...storage, ...state, '--runtime', this.#box, ...args], {
      env: { CONTAINERS_CONF: this.#at('containers.conf'), XDG_RUNTIME_DIR: this.#at('xdg') },
      cwd: this.#directory,
    });
  }

  specs(): readonly string[] {
    return globSync(join(this.#at('root'), 'vfs-containers/*/userdata/config.json'));
  }

  leftovers(): readonly string[] {
    return [...this.#cgroup.containers(), ...globSync(join(boxRecords, '*'))];
  }

  async dispose(): Promise<void> {
    await this.client('rm', '--all', '--force', '--time', '0');
    await this.#cgroup.remove();
    execFileSync('umount', fixedDirectories);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #at(name: string): string {
    return join(this.#directory, name);
  }
}
