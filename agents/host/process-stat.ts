import { readFileSync } from 'node:fs';
import { hasErrno } from './errors.ts';

/** What /proc/PID/stat tells of a process. */
export interface ProcessStat {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  /** In clock ticks since the machine started: with the pid it names one process for good. */
  readonly startTime: number;
  /** Any other number, by its place in proc_pid_stat(5), from 4 on. */
  field(number: number): number;
}

/** Null when there is no such process. */
export function readProcessStat(pid: number): ProcessStat | null {
  const text = readProcessFile(pid, 'stat');
  if (text === null) return null;
  // The name in parentheses may hold anything; the other fields follow the last one, and the first of them is field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  return {
    pid,
    name: text.slice(text.indexOf('(') + 1, text.lastIndexOf(')')),
    parent: field(4),
    startTime: field(22),
    field,
  };
}

/** argv of a process; empty when it is gone or of the kernel. */
export function readCommandLine(pid: number): readonly string[] {
  const text = readProcessFile(pid, 'cmdline') ?? '';
  return text === '' ? [] : text.replace(/\0+$/, '').split('\0');
}

function readProcessFile(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}
