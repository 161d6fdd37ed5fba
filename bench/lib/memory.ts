import { readFileSync, readdirSync } from 'node:fs';

function field(pid: number, file: string, name: string): number {
  try {
    const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
    return match?.[1] === undefined ? 0 : Number(match[1]);
  } catch {
    return 0; // ended meanwhile
  }
}

/** Proportional set size of processes together, in MiB: shared pages count once, divided among those that share them. */
export function pssMiB(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + field(pid, 'smaps_rollup', 'Pss'), 0) / 1024;
}

/** Process ids whose executable's path ends in `suffix` and that have `text` in their arguments. */
export function findProcesses(suffix: string, text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        return (args[0] ?? '').endsWith(suffix) && args.some((argument) => argument.includes(text));
      } catch {
        return false;
      }
    });
}
