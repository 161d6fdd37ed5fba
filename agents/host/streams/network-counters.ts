import { readFileSync } from 'node:fs';
import { hasErrno } from '../errors.ts';

/** What has come and gone over the interfaces of a network namespace, in bytes. */
export interface NetworkCounters {
  readonly networkReceivedBytes: number;
  readonly networkSentBytes: number;
}

export const noTraffic: NetworkCounters = { networkReceivedBytes: 0, networkSentBytes: 0 };

/** Columns after the name of an interface (proc_pid_net(5)): eight of what is received, which begin with bytes, then as many of what is sent. */
const [receivedColumn, sentColumn] = [0, 8];

/** Of the process's network namespace, loopback left out as by docker; nothing for one that has ended meanwhile. */
export function readNetworkCounters(pid: number, root = '/proc'): NetworkCounters {
  try {
    return sumCounters(readFileSync(`${root}/${pid}/net/dev`, 'utf8'));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ESRCH', 'EINVAL')) return noTraffic;
    throw error;
  }
}

/** The sums of a file `net/dev` of /proc: two lines of titles, then one for each interface. */
function sumCounters(text: string): NetworkCounters {
  const interfaces = text.split('\n').flatMap((line) => {
    const [name, counters] = line.split(':', 2);
    return counters === undefined || name?.trim() === 'lo' ? [] : [counters.trim().split(/\s+/).map(Number)];
  });
  const sum = (column: number): number => interfaces.reduce((total, counters) => total + (counters[column] ?? 0), 0);
  return { networkReceivedBytes: sum(receivedColumn), networkSentBytes: sum(sentColumn) };
}
