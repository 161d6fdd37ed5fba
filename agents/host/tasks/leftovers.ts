import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { shortId } from '../../../src/model/ids.ts';
import { removeSharedMemory } from '../containers/shared-memory.ts';
import { describeError, hasErrno } from '../errors.ts';
import { Container } from './container.ts';
import type { HeldObjects, TaskHost } from './task-host.ts';
import { listDirectory } from '../if-there.ts';

/**
 * Removes what crashes left of tasks that nobody knows any more. Only to be called when the list of tasks is complete and comes
 * from the store that this host knows.
 */
export async function removeLeftovers(host: TaskHost, held: HeldObjects): Promise<void> {
  const { containersRun, containersData, networkNamespaces } = host.paths;
  const [payloads, mounts] = await Promise.all([host.payloads.list(), host.mounts.listUsers()]);
  const directories = [containersRun, containersData, networkNamespaces].flatMap(listDirectory);
  const found = [...directories.map((name) => name.replace(/\.user$/, '')), ...payloads, ...mounts];
  // Asked after the look: a task is known before anything of it is made.
  const known = new Set(held.ids.map(shortId));
  const unknown = [...new Set(found)].filter((name) => !known.has(name));
  await Promise.all(
    unknown.map((name) =>
      removeLeftover(host, name).catch((error: unknown) =>
        // The others go all the same, and this one is met again at the next start.
        host.log(`remove what was left of container ${name}: ${describeError(error).message}`),
      ),
    ),
  );
  await host.volumes.sweep();
  await host.networks.removeOthers(held);
}

async function removeLeftover(host: TaskHost, name: string): Promise<void> {
  const paths = host.paths.container(name);
  const cgroup = readCgroup(paths.shimConfig) ?? host.paths.cgroup(name, null);
  const container = new Container({ paths, cgroup, shims: host.shims, onState: () => undefined, warn: host.log });
  await container.destroy();
  await removeSharedMemory(paths.sharedMemory);
  // By its place: a tsstack-net that was killed while it made the namespace knows nothing of it.
  await host.networks.removeSandbox(name, paths.networkNamespace);
  await host.mounts.release(name);
  host.log(`removed what was left of container ${readName(paths.record) ?? name}`);
  await Promise.all(
    [paths.run, paths.payloads, paths.data].map((directory) => rm(directory, { recursive: true, force: true })),
  );
  host.idRanges.release(name);
}

/** Where the container's cgroup is, if its shim was told. */
function readCgroup(shimConfig: string): string | null {
  try {
    return (JSON.parse(readFileSync(shimConfig, 'utf8')) as { cgroup: string }).cgroup;
  } catch {
    // Without a shim.json there was no shim, and so no cgroup.
    return null;
  }
}

function readName(record: string): string | null {
  try {
    return (JSON.parse(readFileSync(record, 'utf8')) as { task: { containerName: string } }).task.containerName;
  } catch (error) {
    if (error instanceof SyntaxError || hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}
