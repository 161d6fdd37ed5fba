import { readdirSync } from 'node:fs';
import type { Launcher } from './native/launcher.ts';
import { attachToShim, connectShim, execInShim } from './native/shim-client.ts';
import { readCommandLine, readProcessStat } from './process-stat.ts';
import type { ShimSeam, ShimState } from './tasks/shim.ts';

/** The real shims of this host. */
export function hostShims(launcher: Launcher): ShimSeam {
  return {
    launch: (configPath) => launcher.startShim(configPath),
    connect: connectShim,
    exec: execInShim,
    attach: attachToShim,
    isAlive: isShimAlive,
    find: findShim,
    kill: (pid) => {
      process.kill(pid, 'SIGKILL');
    },
  };
}

/** Its number may be another process's by now, even that of its own container, which has its command line until it is started. */
function isShimAlive({ shimPid, shimStartTime }: ShimState, configPath: string): boolean {
  const stat = readProcessStat(shimPid);
  if (stat === null || (shimStartTime !== undefined && shimStartTime !== stat.startTime)) return false;
  return readCommandLine(shimPid).includes(configPath);
}

/** What a shim forks has its command line until it executes something else: the shim is the one whose parent has another. */
function findShim(configPath: string): number | null {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const family = new Set(pids.filter((pid) => readCommandLine(pid).includes(configPath)));
  return [...family].find((pid) => !family.has(readProcessStat(pid)?.parent ?? 0)) ?? null;
}
