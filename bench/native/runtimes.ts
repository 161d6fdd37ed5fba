import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Recorder } from '../lib/measure.ts';
import { withBundle } from './bundle.ts';

const build = join(import.meta.dirname, '../../native/build');
const timer = join(build, 'runtime-timer');
const timesPerRound = 20;

/** An OCI runtime that can be called here. */
export interface Runtime {
  readonly name: string;
  readonly program: string;
  /** `name 1.2.3`. */
  readonly version: string;
}

const candidates: readonly { readonly name: string; readonly program: string }[] = [
  { name: 'tsstack', program: join(build, 'tsstack-box') },
  { name: 'runc', program: 'runc' },
  { name: 'crun', program: 'crun' },
];

/** Those that bring a container to its end on this host, the box first; says why the others are left out. */
export function findRuntimes(scratch: string): readonly Runtime[] {
  return withBundle(join(scratch, 'probe'), ['true'], (bundle) =>
    candidates.flatMap(({ name, program }) => {
      const root = makeRoot(scratch, `probe-${name}`);
      const args = ['--root', root, 'run', '--bundle', bundle, `probe-${name}`];
      const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
      if (status === 0) return [{ name, program, version: readVersion(name, program) }];
      if (name === 'tsstack') throw new Error(`tsstack-box runs no container: ${stderr}`);
      process.stderr.write(`${name} is left out: ${error?.message ?? stderr.trim()}\n`);
      return [];
    }),
  );
}

function readVersion(name: string, program: string): string {
  if (name === 'tsstack') return name;
  return execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n', 1)[0] ?? name;
}

/** Where the runtimes keep their state. */
export function rootsOf(scratch: string): string {
  return join(scratch, 'roots');
}

function makeRoot(scratch: string, name: string): string {
  const root = join(rootsOf(scratch), name);
  mkdirSync(root, { recursive: true });
  return root;
}

function time(what: 'cycle' | 'exec', count: number, { program }: Runtime, root: string, subject: string): number[] {
  const output = execFileSync(timer, [what, String(count), program, root, subject], { encoding: 'utf8' });
  return output
    .split('\n')
    .filter(Boolean)
    .map((microseconds) => Number(microseconds) / 1000);
}

/** create, start, wait and delete of `true`, as an engine calls a runtime: a process for each step. The overlay is mounted before, as engines do. */
export function measureCycles(runtimes: readonly Runtime[], scratch: string, rounds: number, recorder: Recorder): void {
  const name = 'create, start, wait, delete: a process each';
  withBundle(join(scratch, 'cycle'), ['true'], (bundle) => {
    // In turn, so that a change of the machine's load meets all of them.
    for (let round = 0; round < rounds; round += 1)
      for (const runtime of runtimes)
        for (const sample of time('cycle', timesPerRound, runtime, makeRoot(scratch, `cycle-${runtime.name}`), bundle))
          recorder.add(name, 'ms', 8, runtime.name, sample, 0.4);
  });
}

/** `exec` of `true` in a container that runs. */
export function measureExecs(runtimes: readonly Runtime[], scratch: string, rounds: number, recorder: Recorder): void {
  withBundle(join(scratch, 'exec'), ['sleep', '1000000'], (bundle) => {
    for (const runtime of runtimes) {
      const root = makeRoot(scratch, `exec-${runtime.name}`);
      const id = `bench-exec-${runtime.name}-${process.pid}`;
      const call = (...args: readonly string[]): void =>
        void execFileSync(runtime.program, ['--root', root, ...args], { stdio: 'ignore' });
      call('run', '--detach', '--bundle', bundle, id);
      try {
        for (const sample of time('exec', rounds * timesPerRound, runtime, root, id))
          recorder.add('exec true: a process', 'ms', 6, runtime.name, sample);
      } finally {
        call('delete', '--force', id);
      }
    }
  });
}
