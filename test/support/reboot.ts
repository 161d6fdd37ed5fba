import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { findProcesses } from './host-processes.ts';
import { untilGone, type TestHost } from './test-host.ts';

/**
 * What a power cut leaves of a host: its data root. Everything that lives in the memory of the machine goes: processes, the run root
 * with its mounts, links, rules and cgroups.
 */
export async function simulateReboot(host: TestHost): Promise<void> {
  // The daemon and the shims before the containers, which they would start anew.
  for (const pid of findProcesses(host.runRoot)) await end(pid);
  const groups = cgroupsOf(host);
  const contained = new Set(groups.flatMap((path) => readFileSync(join(path, 'cgroup.procs'), 'utf8').split('\n')));
  for (const pid of contained) if (pid !== '') await end(Number(pid));
  for (const path of groups) if (existsSync(path)) rmdirSync(path);
  run('umount', '--recursive', host.runRoot);
  for (const name of readdirSync('/sys/class/net').filter((link) => /^(ts-|tv)/.test(link)))
    run('ip', 'link', 'delete', name);
  for (const table of tables()) run('nft', 'delete', 'table', ...table.split(' '));
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

function tables(): readonly string[] {
  const { stdout } = spawnSync('nft', ['list', 'tables'], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => /^table (\w+ tsstack.*)$/.exec(line)?.[1] ?? []);
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  // A link goes with its peer.
  if (status !== 0 && !stderr.includes('Cannot find device'))
    throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
