import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { enterHost } from './enter-host.ts';

/** Where a tsstack has its things. */
interface HostPlace {
  readonly runRoot: string;
  readonly dataRoot: string;
  /** Process whose namespaces are the host; null = those of the tests. */
  readonly holder: number | null;
}

function lines([command = '', ...args]: readonly string[]): readonly string[] {
  const { stdout, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

/** Command lines of processes that name a path, by process id. */
function processesNaming(text: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)) {
    const command = readOrNothing(`/proc/${name}/cmdline`).replaceAll('\0', ' ');
    if (command.includes(text)) found.set(Number(name), command);
  }
  return found;
}

/** What has ended meanwhile has no file any more. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Other daemons of this machine have cgroups of their own, told apart by the hash of their run root. */
function cgroups(runRoot: string): readonly string[] {
  const instance = createHash('sha256').update(runRoot).digest('hex').slice(0, 8);
  const controllers = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return controllers.flatMap((line) => {
    const [, names = '', path = ''] = line.split(':');
    const mount =
      names === '' ? ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] : [`/sys/fs/cgroup/${names.replace('name=', '')}`];
    return mount.flatMap((root) => globSync(join(root, path, `tsstack/${instance}/{,*/}`)));
  });
}

/** What a stopped tsstack with these roots has left on the machine, one line each; empty = nothing. Looks; asks no tsstack. */
export function findLeftovers({ runRoot, dataRoot, holder }: HostPlace): readonly string[] {
  const ask = (...command: string[]): readonly string[] =>
    lines(holder === null ? command : enterHost(holder, command));
  const mounts = readFileSync(`/proc/${holder ?? 'self'}/mountinfo`, 'utf8')
    .split('\n')
    .filter((line) => line.includes(runRoot) || line.includes(dataRoot))
    .map((line) => `mount ${line}`);
  const links = ask('ip', '-o', 'link', 'show')
    .filter((line) => /: (ts-|tv)[^:]*:/.test(line))
    .map((line) => `link ${line}`);
  const tables = ask('nft', 'list', 'tables')
    .filter((line) => line.includes('tsstack'))
    .map((line) => `nft ${line}`);
  const folders = ['containers', 'netns', 'secrets'].flatMap((name) => {
    const path = join(runRoot, name);
    return existsSync(path) ? readdirSync(path).map((entry) => `file ${join(path, entry)}`) : [];
  });
  const data = ['containers', 'volumes'].flatMap((name) => {
    const path = join(dataRoot, name);
    return existsSync(path) ? readdirSync(path).map((entry) => `data ${join(path, entry)}`) : [];
  });
  const named = [...processesNaming(runRoot), ...processesNaming(dataRoot)];
  const processes = Array.from(new Map(named), ([pid, command]) => `process ${pid}: ${command}`);
  const groups = cgroups(runRoot).map((path) => `cgroup ${path}`);
  return [...processes, ...mounts, ...links, ...tables, ...groups, ...folders, ...data];
}

/** Ends what a failed test has left running, so that it is no burden to the next ones. */
export function endLeftovers({ runRoot, dataRoot }: Pick<HostPlace, 'runRoot' | 'dataRoot'>): void {
  // The daemon and its shims first: they would start anew what is killed.
  for (const pid of processesNaming(runRoot).keys()) kill(pid);
  for (const pid of processesNaming(dataRoot).keys()) kill(pid);
  const contained = cgroups(runRoot).map((path) => readOrNothing(join(path, 'cgroup.procs')));
  for (const pid of contained.join('').split('\n').filter(Boolean)) kill(Number(pid));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
