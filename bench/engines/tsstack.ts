import { join } from 'node:path';
import { run, type Command } from '../lib/command.ts';
import { findProcesses } from '../lib/memory.ts';
import type { Engine } from './engine.ts';

const launcher = join(import.meta.dirname, '../../bin/tsstack');

/** tsstack, started by its first command as a user's would be, on roots below `directory`. */
export function tsstackEngine(directory: string): Engine {
  const runRoot = join(directory, 'run');
  const env = {
    TSSTACK_HOST: `unix://${join(runRoot, 'tsstack.sock')}`,
    TSSTACK_DATA_ROOT: join(directory, 'data'),
    TSSTACK_RUN_ROOT: runRoot,
  };
  const command = (args: readonly string[]): Command => ({ argv: [launcher, ...args], env });
  const daemonPids = (): readonly number[] => findProcesses('node', runRoot);
  return {
    name: 'tsstack',
    describe: async () => `tsstack ${(await run(command(['version', '--short']))).stdout.trim()}`,
    start: async () => void (await run(command(['info', '--start']))),
    stop: async () => {
      for (const pid of daemonPids()) process.kill(pid, 'SIGTERM');
    },
    compose: (file, args) => command(['-f', file, ...args]),
    load: async (archive) => void (await run(command(['load', '-i', archive]))),
    pull: (reference) => command(['pull', '--image', reference]),
    removeImage: async (reference) => void (await run(command(['images', 'rm', reference]))),
    daemonPids: () => [
      ...daemonPids(),
      ...findProcesses('tsstack-net', runRoot),
      ...findProcesses('tsstack-shim', '--launcher'),
    ],
    supervisionPids: () => findProcesses('tsstack-shim', join(runRoot, 'containers')),
  };
}
