import { statfsSync } from 'node:fs';
import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PayloadObject } from '../../../src/model/objects.ts';
import type { ContainerSpec, PayloadMountSpec } from '../../../src/model/spec.ts';
import { TaskError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import type { PreparedMount } from '../containers/mounts.ts';
import { hostId } from '../users/id-range.ts';
import type { IdRange } from '../users/id-range.ts';

/** Types of file systems that live in memory alone: tmpfs and ramfs (include/uapi/linux/magic.h). */
const memoryFileSystems: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Gives the secret or config that a mount names; undefined when the manager has not sent it. */
export type FindPayload = (kind: 'secret' | 'config', key: string) => PayloadObject | undefined;

/**
 * Secrets and configs as files in memory, one directory per container, bind-mounted read-only. Contents come with the
 * assignments and are on no disk of the agent.
 */
export class PayloadFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Writes the files of one container, for ids of its own if it has any; existing ones are replaced. */
  async ensure(
    directory: string,
    spec: ContainerSpec,
    users: IdRange | null,
    find: FindPayload,
  ): Promise<readonly PreparedMount[]> {
    const wanted = [
      ...spec.secrets.map((mount) => ({ kind: 'secret' as const, mount })),
      ...spec.configs.map((mount) => ({ kind: 'config' as const, mount })),
    ];
    if (wanted.length === 0) return [];
    await mkdir(directory, { recursive: true, mode: 0o711 });
    if (!memoryFileSystems.has(statfsSync(directory).type)) {
      throw new TaskError('unsupported', `secrets: ${directory} is on a disk, not in memory`);
    }
    return Promise.all(
      wanted.map(({ kind, mount }, index) =>
        writePayload(join(directory, String(index)), mount, users, content(kind, mount, find)),
      ),
    );
  }

  /** Removes a container's files. */
  async remove(directory: string): Promise<void> {
    await rm(directory, { recursive: true, force: true });
  }

  /** Names of the directories that exist, for the search for leftovers. */
  list(): Promise<readonly string[]> {
    return ifThere(readdir(this.#root), []);
  }
}

function content(kind: 'secret' | 'config', mount: PayloadMountSpec, find: FindPayload): Buffer {
  const payload = find(kind, mount.source);
  if (payload === undefined || payload.spec.content === null) {
    throw new TaskError('not-found', `${kind}s: the content of ${mount.source} did not come with the task`, {
      retryable: true,
    });
  }
  return Buffer.from(payload.spec.content, 'base64');
}

async function writePayload(
  path: string,
  mount: PayloadMountSpec,
  users: IdRange | null,
  bytes: Buffer,
): Promise<PreparedMount> {
  // Replaced rather than overwritten: a running container keeps the file that it was started with.
  await rm(path, { force: true });
  await writeFile(path, bytes, { mode: 0o600 });
  await chown(path, hostId(users, mount.uid), hostId(users, mount.gid));
  await chmod(path, mount.mode);
  const fixed = { type: 'bind', readOnly: true, propagation: null, below: 'none', mapIds: false } as const;
  return { ...fixed, source: path, target: mount.target };
}
