/** What other processes take. */
import { readFileSync } from 'node:fs';

/** Clock ticks of /proc (USER_HZ), which Linux has fixed at 100 for programs. */
const ticksPerSecond = 100;

/** Processor time of the process so far, in ms. */
export function processorMsOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Largest resident memory of the process so far, in MiB. */
export function peakMiBOf(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024;
}

/** Flags for node that a variable of the environment holds, as `--cpu-prof`. */
export function flagsOf(variable: string): string[] {
  return (process.env[variable] ?? '').split(' ').filter((flag) => flag !== '');
}
