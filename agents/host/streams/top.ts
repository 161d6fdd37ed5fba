import { readFileSync, statSync } from 'node:fs';
import { parsePasswd } from '../containers/users.ts';
import { hasErrno } from '../errors.ts';
import { readCommandLine, readProcessStat } from '../process-stat.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { RelayStream } from './relay-stream.ts';
import { requireRunning } from './require-running.ts';
import { askShim } from './unless-ended.ts';

const titles: readonly string[] = ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD'];

/** Unit of times in /proc/PID/stat: USER_HZ is 100 on every supported architecture. */
const ticksPerSecond = 100;

/** Lists the processes of a container as `ps -ef` on the host would. */
export async function serveTop(tasks: TaskTable, stream: RelayStream<'top'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  requireRunning(worker);
  const pids = await askShim(worker, (shim) => shim.pids());
  const users = readUserNames();
  const bootMs = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? 0) * 1000;
  const processes = pids.flatMap((pid) => {
    const row = describeProcess(pid, users, bootMs, Date.now());
    return row === null ? [] : [row];
  });
  await stream.document({ titles, processes });
  return 0;
}

function describeProcess(
  pid: number,
  users: ReadonlyMap<number, string>,
  bootMs: number,
  nowMs: number,
): readonly string[] | null {
  try {
    const { uid } = statSync(`/proc/${pid}`);
    const stat = readProcessStat(pid);
    if (stat === null) return null;
    const cpuSeconds = (stat.field(14) + stat.field(15)) / ticksPerSecond;
    const startedMs = bootMs + (stat.startTime / ticksPerSecond) * 1000;
    const share = Math.floor((100 * cpuSeconds) / Math.max(1, (nowMs - startedMs) / 1000));
    const command = readCommandLine(pid).join(' ');
    return [
      users.get(uid) ?? String(uid),
      String(pid),
      String(stat.parent),
      String(share),
      formatStart(startedMs, nowMs),
      formatTerminal(stat.field(7)),
      formatDuration(cpuSeconds),
      command === '' ? `[${stat.name}]` : command,
    ];
  } catch (error) {
    // Ended meanwhile.
    if (hasErrno(error, 'ENOENT', 'ESRCH')) return null;
    throw error;
  }
}

/** Names of the host's users; where two have one number, the first counts, as for getpwuid(3). */
function readUserNames(): ReadonlyMap<number, string> {
  const entries = parsePasswd(readFileSync('/etc/passwd', 'utf8'));
  return new Map(entries.toReversed().map(({ uid, name }) => [uid, name]));
}

function formatStart(startedMs: number, nowMs: number): string {
  const started = new Date(startedMs);
  if (started.toDateString() === new Date(nowMs).toDateString()) return started.toTimeString().slice(0, 5);
  return started.toDateString().slice(4, 10).replace(' ', '');
}

/** The device number of a controlling terminal: major 136 are the pseudo terminals. */
function formatTerminal(device: number): string {
  if (device === 0) return '?';
  const [major, minor] = [(device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00)];
  return major === 136 ? `pts/${minor}` : 'tty';
}

function formatDuration(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
