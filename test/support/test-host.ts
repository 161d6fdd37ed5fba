/** A tsstack of its own for one test file: own roots, own socket, own daemon, removed with everything of it at the end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import assert from 'node:assert/strict';
import { ifThereSync } from '../../agents/host/if-there.ts';
import { enterHost } from './enter-host.ts';
import { endLeftovers, findLeftovers } from './leftovers.ts';

/** The command line under test. */
export const launcher = join(import.meta.dirname, '../../bin/tsstack');

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** One container as `ps -a --format json` shows it. */
export interface PsRow {
  readonly ID: string;
  readonly Name: string;
  readonly Service: string;
  readonly State: string;
  readonly Status: string;
  readonly Health: string;
  readonly ExitCode: number;
}

/** As much of a shim's state.json as tests look at. */
export interface ShimState {
  readonly pid: number;
  readonly shimPid: number;
  readonly phase: string;
  /** RFC 3339 with nanoseconds: sorts as text. */
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Ended ones, at most the last 16. */
  readonly runs: readonly {
    readonly exitCode: number | null;
    readonly startedAt: string;
    readonly finishedAt: string | null;
  }[];
}

export class TestHost {
  /** Scratch folder for stack files; gone at the end. */
  readonly directory = mkdtempSync(join(tmpdir(), 'tsstack-e2e-'));
  readonly dataRoot = join(this.directory, 'data');
  readonly runRoot = join(this.directory, 'run');
  /** Process whose namespaces are the host; null = those of the tests. */
  readonly holder: number | null;

  constructor(holder: number | null = null) {
    this.holder = holder;
  }

  get env(): Record<string, string> {
    return {
      ...(process.env as Record<string, string>),
      TSSTACK_HOST: `unix://${join(this.runRoot, 'tsstack.sock')}`,
      TSSTACK_DATA_ROOT: this.dataRoot,
      TSSTACK_RUN_ROOT: this.runRoot,
      NO_COLOR: '1',
    };
  }

  /** Writes a file below the scratch folder and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.directory, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** A path as the tests see it: what the host has mounted is there for nobody else. */
  see(path: string): string {
    return this.holder === null ? path : `/proc/${this.holder}/root${path}`;
  }

  /** A command as it runs on this host. */
  enter(command: readonly string[], directory = this.directory): readonly string[] {
    return this.holder === null ? command : enterHost(this.holder, command, directory);
  }

  /** Starts the command line and leaves it running. */
  spawn(args: readonly string[], options: CommandOptions = {}): ChildProcess {
    const cwd = options.cwd ?? this.directory;
    const [file = '', ...rest] = this.enter([launcher, ...args], cwd);
    return spawn(file, rest, {
      cwd,
      env: { ...this.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  }

  /** Runs the command line to its end; never throws for its exit status. */
  async run(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const child = this.spawn(args, options);
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined); // the command may end without reading
    child.stdin?.end(options.stdin ?? '');
    const timeoutMs = options.timeoutMs ?? 90_000;
    const deadline = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    clearTimeout(deadline);
    if (signal === 'SIGKILL') {
      throw new Error(
        `tsstack ${args.join(' ')} did not end within ${timeoutMs} ms\n${output.stdout}\n${output.stderr}\n${this.daemonLog()}`,
      );
    }
    return { code: code ?? 128, ...output };
  }

  /** Like run, but a failure fails the test with everything that was said. */
  async ok(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const result = await this.run(args, options);
    assert.equal(
      result.code,
      0,
      `tsstack ${args.join(' ')}: exit ${result.code}\n${result.stdout}\n${result.stderr}\n${this.daemonLog()}`,
    );
    return result;
  }

  /** What `up` says of a stack with one service of these attributes, which it has to fail for; nothing of it stays. */
  async refusal(attributes: string): Promise<string> {
    const file = this.write('bad.yml', `name: bad\nservices:\n  a: { ${attributes} }\n`);
    const { code, stderr } = await this.run(['-f', file, 'up', '-d', '--wait']);
    assert.notEqual(code, 0, attributes);
    await this.ok(['-p', 'bad', 'down']);
    return stderr;
  }

  /** Containers of the stack of a file, with those that have ended. */
  async ps(file: string): Promise<readonly PsRow[]> {
    const { stdout } = await this.ok(['-f', file, 'ps', '-a', '--format', 'json']);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as PsRow);
  }

  /** Host process id of each running container by name, as its shim knows it; without one that is removed meanwhile. */
  async pids(file: string): Promise<Readonly<Record<string, number>>> {
    const running = (await this.ps(file)).filter(({ State }) => State === 'running');
    return Object.fromEntries(
      running.flatMap(({ ID, Name }) => ifThereSync(() => [[Name, this.shimState(ID).pid] as const], [])),
    );
  }

  /** state.json of a container by its id (whole or its first 12 digits). */
  shimState(id: string): ShimState {
    const path = this.see(join(this.runRoot, 'containers', id.slice(0, 12), 'state.json'));
    return JSON.parse(readFileSync(path, 'utf8')) as ShimState;
  }

  async daemonPid(): Promise<number> {
    const { stdout } = await this.ok(['info', '--format', 'json']);
    return (JSON.parse(stdout) as { pid: number }).pid;
  }

  /** Ends the daemon as a crash would. Resolves when the process is gone. */
  async killDaemon(): Promise<void> {
    const pid = await this.daemonPid();
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
  }

  daemonLog(): string {
    const path = join(this.dataRoot, 'daemon.log');
    return existsSync(path) ? `daemon.log: ${readFileSync(path, 'utf8').slice(-4000)}` : '(no daemon.log)';
  }

  /** Takes every stack down, ends the daemon and fails when something was left behind. */
  async stop(): Promise<void> {
    try {
      if (existsSync(this.see(join(this.runRoot, 'tsstack.sock')))) {
        await this.removeStacks();
        await this.endDaemon();
      }
      await this.checkLeftovers();
    } finally {
      endLeftovers(this);
    }
  }

  /** Takes every stack down that this host's daemon knows of. */
  async removeStacks(): Promise<void> {
    const { stdout } = await this.ok(['ls', '-a', '-q']);
    for (const stack of stdout.split('\n').filter((name) => name !== '')) {
      await this.ok(['-p', stack, 'down', '-v', '--remove-orphans', '-t', '0']);
    }
  }

  /** Ends the daemon in order. */
  async endDaemon(): Promise<void> {
    const pid = await this.daemonPid();
    process.kill(pid, 'SIGTERM');
    await untilGone(pid);
  }

  /** Fails when the stopped host has left something on the machine; else the scratch folder goes. */
  async checkLeftovers(): Promise<void> {
    // A shim answers for the last time before it ends.
    const left = await until(
      async () => findLeftovers(this),
      (lines) => !lines.some((line) => line.startsWith('process ')),
    );
    assert.deepEqual(left, [], 'everything that was created must be gone');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Resolves when a process has ended. The kernel tells through pidfd only to parents, so this asks, at most for 30 s. */
export async function untilGone(pid: number): Promise<void> {
  const end = performance.now() + 30_000;
  while (existsSync(`/proc/${pid}/exe`)) {
    if (performance.now() > end) throw new Error(`process ${pid} does not end`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Asks until an answer satisfies, at most for `timeoutMs`, which only bounds a failing test; gives the answer. For states that nothing announces. */
export async function until<T>(
  ask: () => Promise<T>,
  isEnough: (answer: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isEnough(answer)) return answer;
    if (performance.now() > end) throw new Error(`not reached within ${timeoutMs} ms; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
