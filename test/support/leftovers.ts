import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

function lines(command: string, args: readonly string[]): readonly string[] {
  const { stdout, status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.split('\n').filter((line) => line.trim() !== '');
}

function processesNaming(text: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(text) ? [`process ${pid}: ${command}`] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** Other daemons of this machine have cgroups of their own, told apart by the hash of their run root. */
function cgroups(runRoot: string): readonly string[] {
  const instance = createHash('sha256').update(runRoot).digest('hex').slice(0, 8);
  const controllers = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return controllers.flatMap((line) => {
    const [, names = '', path = ''] = line.split(':');
    const mount =
      names === '' ? ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'] : [`/sys/fs/cgroup/${names.replace('name=', '')}`];
    return mount.flatMap((root) =>
      globSync(join(root, path, `tsstack/${instance}/*/`)).map((found) => `cgroup ${found}`),
    );
  });
}

/** What a stopped tsstack with these roots has left on the machine, one line each; empty = nothing. Looks; asks no tsstack. */
export function findLeftovers(runRoot: string, dataRoot: string): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(runRoot) || line.includes(dataRoot))
    .map((line) => `mount ${line}`);
  const links = lines('ip', ['-o', 'link', 'show'])
    .filter((line) => /: (ts-|tv)[^:]*:/.test(line))
    .map((line) => `link ${line}`);
  const tables = lines('nft', ['list', 'tables'])
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
  return [...processesNaming(runRoot), ...mounts, ...links, ...tables, ...cgroups(runRoot), ...folders, ...data];
}
