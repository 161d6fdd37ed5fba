import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProcesses } from './host-processes.ts';
import { until, untilGone, type TestHost } from './test-host.ts';

/**
 * What a power cut leaves of a host: its data root. Everything that lives in the memory of the machine goes: processes, the run root
 * with its mounts, links, rules and cgroups.
 */
export async function simulateReboot(host: TestHost): Promise<void> {
  // The daemon first: it starts its helpers anew. Then the shims, which start their containers anew.
  await end(Number(readFileSync(host.see(join(host.runRoot, 'daemon.pid')), 'utf8')));
  for (const pid of findProcesses(host.runRoot)) await end(pid);
  // What keeps its socket with its data: the etcd of a manager.
  for (const pid of findProcesses(host.dataRoot)) await end(pid);
  const groups = cgroupsOf(host);
  const contained = new Set(groups.flatMap((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n')));
  for (const pid of contained) if (pid !== '') await end(Number(pid));
  // The kernel lets a group go a moment after its last process.
  for (const path of groups) await until(() => Promise.resolve(removeGroup(path)), Boolean);
  // Lazily, as the launcher may be about to end.
  run(host, 'umount', '--recursive', '--lazy', host.runRoot);
  for (const name of links(host)) run(host, 'ip', 'link', 'delete', name);
  for (const table of tables(host)) run(host, 'nft', 'delete', 'table', ...table.split(' '));
}

function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY') return false;
    if (code !== 'ENOENT') throw error;
  }
  return true;
}

async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  await untilGone(pid);
}

function cgroupsOf({ runRoot }: TestHost): readonly string[] {
  const instance = createHash('sha256').update(runRoot).digest('hex').slice(0, 8);
  return globSync(`/sys/fs/cgroup/**/tsstack/${instance}/*/`);
}

/** Asked of the kernel: sysfs shows the network in which it was mounted. */
function links(host: TestHost): readonly string[] {
  const text = run(host, 'ip', '-o', 'link', 'show', 'type', 'bridge');
  return text.split('\n').flatMap((line) => /^\d+: (ts-[^:]+):/.exec(line)?.[1] ?? []);
}

function tables(host: TestHost): readonly string[] {
  const text = run(host, 'nft', 'list', 'tables');
  return text.split('\n').flatMap((line) => /^table (\w+ tsstack.*)$/.exec(line)?.[1] ?? []);
}

function run(host: TestHost, ...command: readonly string[]): string {
  const [file = '', ...args] = host.enter(command, '/');
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  // A link goes with its peer.
  if (status !== 0 && !stderr.includes('Cannot find device')) throw new Error(`${command.join(' ')}: ${stderr}`);
  return stdout;
}
