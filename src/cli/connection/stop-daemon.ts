import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TsstackError } from '../../model/errors.ts';
import { connectControl } from '../../rpc/client.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { daemonAddress } from './daemon-address.ts';
import { requireAccess } from './require-access.ts';

const deadlineMs = 15_000;
const periodMs = 10;

/** Ends the daemon of this machine and resolves when its process is gone. None running is what was wanted. */
export async function stopDaemon(context: Pick<CommandContext, 'globals' | 'io'>): Promise<number> {
  const pid = await findDaemon(context);
  if (pid === null) {
    context.io.stderr.write('No daemon is running\n');
    return 0;
  }
  process.kill(pid, 'SIGTERM');
  const end = performance.now() + deadlineMs;
  // The kernel tells only parents when a process ends, so that one has to ask.
  while (isAlive(pid)) {
    if (performance.now() > end)
      throw new TsstackError('timeout', `stop the daemon: process ${pid} still runs after ${deadlineMs / 1000} s`);
    await delay(periodMs);
  }
  return 0;
}

async function findDaemon(context: Pick<CommandContext, 'globals' | 'io'>): Promise<number | null> {
  const { host } = daemonAddress(context.globals, context.io.env);
  try {
    const control = await connectControl(host);
    const { pid } = await control.getInfo({});
    control.close();
    return pid;
  } catch (error) {
    if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
    requireAccess(host);
    return null;
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
