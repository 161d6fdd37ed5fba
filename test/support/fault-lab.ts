import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { makeNative } from './native-build.ts';

/** What is done to a command's system calls (native/fault/fault-injector.c), or to its memory (native/fault/malloc). */
export type Fault =
  | { readonly kind: 'none' | 'interrupt' }
  | { readonly kind: 'call'; readonly which: number }
  /** The first call of that name is made when everybody waits for it. */
  | { readonly kind: 'hold'; readonly which: string }
  | { readonly kind: 'memory'; readonly which: number; readonly andAllAfter: boolean };

export interface FaultOutcome {
  /** 128+n after signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** What has failed, a line each: `mkdir ENOSPC in 4711`. For `none` all calls that can fail. */
  readonly faults: readonly string[];
  /** All of it, for messages. */
  readonly summary: string;
}

/** Nothing that is tested here takes more than a second. */
const deadlineMs = 60_000;
const modes = { none: 'list', interrupt: 'interrupt', call: 'fail', hold: 'hold' } as const;

/** Runs native programs while something fails in them. */
export class FaultInjector {
  readonly #build = makeNative('faults');
  readonly #directory: string;
  #count = 0;

  /** Keeps its files in `directory`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Runs a program of native/ with arguments to its end. Its output goes to files: what it leaves behind would hold a pipe open. */
  async run(
    fault: Fault,
    program: 'box' | 'layer',
    args: readonly string[],
    inputPath = '/dev/null',
  ): Promise<FaultOutcome> {
    const name = join(this.#directory, `fault${++this.#count}`);
    const [argv, env] = this.#command(fault, program, `${name}.faults`);
    const files = [openSync(inputPath, 'r'), openSync(`${name}.stdout`, 'w'), openSync(`${name}.stderr`, 'w')];
    const child = spawn(argv[0] ?? '', [...argv.slice(1), ...args], {
      stdio: files,
      env: { ...process.env, ...env },
      timeout: deadlineMs,
      killSignal: 'SIGKILL',
    });
    files.forEach(closeSync);
    const [status, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const code = status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    const [stdout = '', stderr = '', report = ''] = ['stdout', 'stderr', 'faults'].map((part) =>
      take(`${name}.${part}`),
    );
    const faults = report.split('\n').filter(Boolean);
    const summary = `${JSON.stringify(fault)} ${fault.kind === 'none' ? '' : faults.join()}: ${String(code)} ${stdout}${stderr}`;
    if (signal === 'SIGKILL') throw new Error(`${program} ${args.join(' ')} did not end: ${summary}`);
    return { code, stdout, stderr, faults, summary };
  }

  /**
   * Starts a program that answers lines with lines, or only says that it is ready. What it leaves behind is followed, too, and waited for.
   */
  start(fault: Fault, program: 'shim' | 'net', args: readonly string[]): FaultyServer {
    const report = join(this.#directory, `fault${++this.#count}.faults`);
    const [[injector = '', ...rest], env] = this.#command(fault, program, report);
    const argv = fault.kind === 'memory' ? [injector, ...rest] : [injector, '--follow', ...rest];
    const ready = program === 'net' ? saysWhenReady : { argv: [], env: {} };
    return new FaultyServer(spawnFaulty([...ready.argv, ...argv, ...args], { ...env, ...ready.env }), fault, report);
  }

  #command(fault: Fault, program: string, report: string): [readonly string[], Readonly<Record<string, string>>] {
    if (fault.kind === 'memory') {
      const number = `${fault.which}${fault.andAllAfter ? '+' : ''}`;
      const env = { TSSTACK_FAULT_MALLOC: number, TSSTACK_FAULT_REPORT: report };
      return [[join(this.#build, 'starving', `tsstack-${program}`)], env];
    }
    const which = 'which' in fault ? [String(fault.which)] : [];
    const injector = [join(this.#build, 'fault-injector'), report, modes[fault.kind], ...which];
    return [[...injector, join(this.#build, `tsstack-${program}`)], {}];
  }
}

/** Its first line on standard output is then that of a helper of the launcher (docs/native.md, section 1). */
const saysWhenReady = { argv: ['sh', '-c', 'exec "$@" 3>&1', 'sh'], env: { TSSTACK_READY_FD: '3' } };

function spawnFaulty(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcessByStdio<Writable, Readable, Readable> {
  const [program = '', ...args] = argv;
  return spawn(program, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    timeout: deadlineMs,
    killSignal: 'SIGKILL',
  });
}

/** A program that goes on while something fails in it. */
class FaultyServer {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #fault: Fault;
  readonly #report: string;
  readonly #lines: AsyncIterator<string>;
  readonly #exit: Promise<unknown>;
  #stderr = '';

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, fault: Fault, report: string) {
    this.#child = child;
    this.#fault = fault;
    this.#report = report;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#exit = once(child, 'close'); // then all of its output is here
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    child.stdin.on('error', () => undefined); // it may have ended
  }

  /** The answer; null when there is none, because the program has ended. */
  async ask(line: string): Promise<string | null> {
    this.#child.stdin.write(`${line}\n`);
    return this.hear();
  }

  /** The next line; null when the program has ended. */
  async hear(): Promise<string | null> {
    const { value, done } = await this.#lines.next();
    return done === true ? null : value;
  }

  get stderr(): string {
    return this.#stderr;
  }

  summary(): string {
    return `${JSON.stringify(this.#fault)} ${this.#stderr}`;
  }

  /** Waits for its end. `mayAbort`: by SIGABRT, too. */
  async end(mayAbort = false): Promise<{ readonly summary: string; readonly faults: readonly string[] }> {
    this.#child.stdin.end();
    const [code, signal] = (await this.#exit) as [number | null, string | null];
    const faults = take(this.#report).split('\n').filter(Boolean);
    const summary = `${faults.length === 1 ? (faults[0] ?? '') : ''} ${code ?? ''} ${this.summary()}`;
    if (signal !== null && !(mayAbort && signal === 'SIGABRT'))
      throw new Error(`did not end, or badly (${signal}): ${summary}`);
    return { summary, faults };
  }
}

function take(path: string): string {
  if (!existsSync(path)) return '';
  const text = readFileSync(path, 'utf8');
  rmSync(path);
  return text;
}

/** Where this process is in each hierarchy, as directories. */
function ownCgroups(): readonly string[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, controllers = '', path = ''] = line.split(':');
      const roots = controllers === '' ? ['', 'unified'] : [controllers.replace('name=', '')];
      return roots.map((root) => join('/sys/fs/cgroup', root, path));
    });
}

/** Cgroups with this name below this process's own, and mounts and processes that name it; empty when there are none. */
export function findRemains(name: string): readonly string[] {
  const cgroups = ownCgroups()
    .map((own) => join(own, name))
    .filter((path) => existsSync(path));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(name));
  const processes = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => isNamed(Number(pid), name))
    .map((pid) => `process ${pid}`);
  return [...cgroups, ...mounts, ...processes];
}

function isNamed(pid: number, name: string): boolean {
  try {
    return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(name);
  } catch {
    return false; // ended meanwhile
  }
}
