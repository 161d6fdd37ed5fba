import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeProgram } from './native-build.ts';
import { programTimeoutMs, runProgram, type ProgramResult } from './run-program.ts';

const program = nativeProgram('box');
const applets =
  'sh ls cat ps id mount true false sleep hostname echo env stat touch mkdir mknod grep ip head dd tty test readlink chown kill ulimit pwd wc stty';

interface IdRange {
  containerID: number;
  hostID: number;
  size: number;
}

interface BoxMount {
  destination: string;
  type?: string;
  source?: string;
  options?: string[];
}

/** As much of the runtime spec as the tests change; the rest is set as JSON. */
export interface BoxSpec {
  process: {
    args: string[];
    env: string[];
    cwd: string;
    terminal: boolean;
    user: Record<string, unknown>;
    capabilities: Record<string, string[]>;
    noNewPrivileges: boolean;
    [key: string]: unknown;
  };
  root: { path: string; readonly: boolean };
  mounts: BoxMount[];
  linux: {
    namespaces: { type: string; path?: string }[];
    resources: Record<string, unknown>;
    maskedPaths: string[];
    readonlyPaths: string[];
    uidMappings?: Partial<IdRange>[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** Bundles with a small root of busybox, and tsstack-box over them. Everything is below one temporary directory. */
export class BoxLab {
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-box-'));
  readonly #prefix = `lab${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  #count = 0;

  /** Makes a bundle whose process runs SCRIPT in a shell; CHANGE edits its spec before it is written. */
  bundle(script: string, change: (spec: BoxSpec) => void = () => undefined): string {
    const path = join(this.directory, `bundle${++this.#count}`);
    mkdirSync(join(path, 'rootfs/bin'), { recursive: true });
    mkdirSync(join(path, 'rootfs/etc'));
    copyFileSync('/bin/busybox', join(path, 'rootfs/bin/busybox'));
    for (const name of applets.split(' ')) symlinkSync('busybox', join(path, 'rootfs/bin', name));
    const spec = baseSpec(script);
    change(spec);
    const users = spec.linux.uidMappings?.[0];
    // As an engine does for a container whose root is somebody else on the host.
    if (users !== undefined)
      execFileSync('chown', ['-hR', `${String(users.hostID ?? 0)}:${String(users.hostID ?? 0)}`, join(path, 'rootfs')]);
    writeFileSync(join(path, 'config.json'), JSON.stringify(spec));
    return path;
  }

  /** A container id that no other test has. */
  newId(): string {
    return `${this.#prefix}-${++this.#count}`;
  }

  /** Runs tsstack-box with the lab's root directory to its end. */
  box(...args: readonly string[]): Promise<ProgramResult> {
    return this.boxUnder([], ...args);
  }

  /** The same through another program that executes the rest of its command line. */
  boxUnder(prefix: readonly string[], ...args: readonly string[]): Promise<ProgramResult> {
    return this.runUnder(prefix, program, '--root', join(this.directory, 'root'), ...args);
  }

  /** Any program, through another one that executes the rest of its command line. */
  runUnder(prefix: readonly string[], ...words: readonly string[]): Promise<ProgramResult> {
    const [command = program, ...rest] = [...prefix, ...words];
    return runProgram(command, rest);
  }

  /** The same with a pipe as standard output, where Node makes a socket. */
  piped(...args: readonly string[]): string {
    const command = [program, '--root', join(this.directory, 'root'), ...args];
    return execFileSync('sh', ['-c', '"$@" 2>&1 | cat', 'sh', ...command], {
      encoding: 'utf8',
      timeout: programTimeoutMs,
    });
  }

  /** Runs tsstack-box with INPUT as its standard input. */
  boxWithInput(input: string, ...args: readonly string[]): Promise<ProgramResult> {
    return this.boxUnder(['sh', '-c', 'printf %s "$0" | exec "$@"', input], ...args);
  }

  /** Changes the resources of a running container. */
  update(id: string, resources: Record<string, unknown>): Promise<ProgramResult> {
    const path = join(this.directory, `resources${++this.#count}.json`);
    writeFileSync(path, JSON.stringify(resources));
    return this.box('update', '--resources', path, id);
  }

  /** Runs SCRIPT in a container of its own, from creation to removal. */
  run(script: string, change?: (spec: BoxSpec) => void): Promise<ProgramResult> {
    return this.box('run', '--bundle', this.bundle(script, change), this.newId());
  }

  /** What SCRIPT prints in a container of its own, in which it has to succeed. */
  async output(script: string, change?: (spec: BoxSpec) => void): Promise<string> {
    const { code, stdout, stderr } = await this.run(script, change);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  /** Creates and starts a container that stays; resolves to its id. Its own output goes nowhere. */
  async start(script: string, change?: (spec: BoxSpec) => void): Promise<string> {
    const id = this.newId();
    const bundle = this.bundle(script, change);
    await this.quiet('create', '--bundle', bundle, id);
    await this.quiet('start', id);
    return id;
  }

  /** For commands that leave processes behind: those hold what they inherit, so that they get nothing to hold on to. */
  async quiet(...args: readonly string[]): Promise<void> {
    const log = join(this.directory, `log${++this.#count}`);
    const child = spawn(program, ['--root', join(this.directory, 'root'), '--log', log, ...args], {
      stdio: 'ignore',
      timeout: programTimeoutMs,
      killSignal: 'SIGKILL',
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`tsstack-box ${args.join(' ')} ended with ${String(code)}, see ${log}`);
  }

  /** Cgroups that bear the name of a container of this lab. */
  leftCgroups(): string[] {
    return globSync(`/sys/fs/cgroup/**/${this.#prefix}-*`);
  }

  leftRecords(): string[] {
    const root = join(this.directory, 'root');
    return existsSync(root) ? globSync('*', { cwd: root }) : [];
  }

  async dispose(): Promise<void> {
    for (const id of this.leftRecords()) await this.box('delete', '--force', id);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function baseSpec(script: string): BoxSpec {
  const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD', 'CAP_SETUID'];
  return {
    ociVersion: '1.2.0',
    process: {
      args: ['/bin/sh', '-c', script],
      env: ['PATH=/bin', 'TERM=xterm'],
      cwd: '/',
      terminal: false,
      user: { uid: 0, gid: 0 },
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'boxlab',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      resources: {},
      maskedPaths: ['/proc/timer_list', '/proc/acpi', '/sys/firmware'],
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
