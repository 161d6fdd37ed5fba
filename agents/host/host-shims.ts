import { readFileSync, readdirSync } from 'node:fs';
import { hasErrno } from './errors.ts';
import type { Launcher } from './native/launcher.ts';
import { attachToShim, connectShim, execInShim } from './native/shim-client.ts';
import type { ShimSeam } from './tasks/shim.ts';

/** The real shims of this host. */
export function hostShims(launcher: Launcher): ShimSeam {
  return {
    launch: (configPath) => launcher.startShim(configPath),
    connect: connectShim,
    exec: execInShim,
    attach: attachToShim,
    isAlive: (pid, configPath) => commandOf(pid).includes(configPath),
    find: findShim,
    kill: (pid) => {
      process.kill(pid, 'SIGKILL');
    },
  };
}

function findShim(configPath: string): number | null {
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name) && commandOf(Number(name)).includes(configPath)) return Number(name);
  }
  return null;
}

/** argv of a process; empty when it is gone. The configuration's path in it tells shims from processes that took over their number. */
function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return [];
    throw error;
  }
}
