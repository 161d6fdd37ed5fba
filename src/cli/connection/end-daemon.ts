import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../model/errors.ts';

const deadlineMs = 15_000;
const periodMs = 10;

/** Has a daemon end, and resolves when its process is gone, however it came to that. */
export async function endDaemon(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  const end = performance.now() + deadlineMs;
  // The kernel tells only parents when a process ends, so that one has to ask.
  while (isAlive(pid)) {
    if (performance.now() > end)
      throw new TsstackError('timeout', `stop the daemon: process ${pid} still runs after ${deadlineMs / 1000} s`, {
        hint: `\`kill -9 ${pid}\` ends it; containers run on without it`,
      });
    await delay(periodMs);
  }
}

/** A process that has ended, and that nobody has collected yet, is gone as well. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
  } catch {
    return false;
  }
}
