/** Whether established connections lose packets: TCP counts what it had to send again, in each network namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterHost } from '../../test/support/test-cluster.ts';

const traffic = join(import.meta.dirname, 'network-traffic.ts');

/** Segments sent again in the namespace of that process since it was made. */
function resentIn(pid: number): number {
  const rows = readFileSync(`/proc/${pid}/net/snmp`, 'utf8').split('\n');
  const [names = [], values = []] = rows.filter((row) => row.startsWith('Tcp:')).map((row) => row.split(' '));
  return Number(values[names.indexOf('RetransSegs')]);
}

/**
 * Segments that were lost while `work` ran: on the connection by which the talker of the stack talks to its echo, on another host, and on one from
 * the manager's host to the published port.
 */
export async function countLostSegments(
  manager: ClusterHost,
  worker: ClusterHost,
  file: string,
  work: () => Promise<void>,
): Promise<number> {
  const [program = '', ...args] = manager.enter([process.execPath, traffic, 'talk', '127.0.0.1', '8080']);
  const talker = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(talker, 'exit');
  await once(talker.stdout, 'data');
  const ids = Object.fromEntries((await manager.ps(file)).map(({ Service, ID }) => [Service, ID]));
  const places = [
    manager.holder ?? process.pid,
    manager.shimState(ids['talker'] ?? '').pid,
    worker.shimState(ids['echo'] ?? '').pid,
  ];
  const resent = (): number => places.reduce((sum, pid) => sum + resentIn(pid), 0);
  const before = resent();
  await work();
  const lost = resent() - before;
  talker.stdin.end();
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error('the connection to the published port broke');
  return lost;
}
