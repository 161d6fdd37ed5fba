import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { completeObject } from '../../../src/model/complete-object.ts';
import type { NetworkObject, PublishedPort, TaskObject, TaskStatus, VolumeObject } from '../../../src/model/objects.ts';
import type { Healthcheck } from '../health/healthcheck.ts';
import { hasErrno } from '../errors.ts';
import { listDirectory } from '../if-there.ts';
import type { LentMount } from './lent-mounts.ts';

/** What was fixed when the container was first prepared and holds for all its runs. */
export interface PreparedContainer {
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdAt: string;
  readonly healthcheck: Healthcheck | null;
  readonly ports: readonly PublishedPort[];
  /** Names of named volumes, paths of binds. */
  readonly mounts: readonly string[];
  /** Anonymous volumes, which may go with the container. */
  readonly anonymousVolumes: readonly string[];
  /** Mounts that others may have from it, and those that it has from others. */
  readonly lent: readonly LentMount[];
  readonly borrowed: readonly LentMount[];
  /** Ids of the images of its image mounts, by their references. */
  readonly mountedImages: Readonly<Record<string, string>>;
}

/** Everything that the agent has to know of a task when no manager answers; kept as task.json. No secret is in it. */
export interface TaskRecord {
  readonly version: 1;
  readonly task: TaskObject;
  readonly networks: readonly NetworkObject[];
  readonly volumes: readonly VolumeObject[];
  readonly status: TaskStatus;
  readonly prepared: PreparedContainer | null;
  /** The manager of a restored store did not know it: it is left alone until a manager names it again. */
  readonly detached: boolean;
}

/**
 * Writes a record in one step. Not flushed to the disk: after a power cut a record that is missing or torn is as good as none,
 * because the manager assigns the task again and preparing is idempotent.
 */
export async function saveTaskRecord(path: string, record: TaskRecord): Promise<void> {
  // A name of its own: whatever another daemon may still be writing here, neither gets a part of the other's record.
  const temporary = `${path}.${randomUUID()}`;
  const text = `${JSON.stringify(record)}\n`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(temporary, text, { mode: 0o600 });
  }
  await rename(temporary, path);
}

/** The readable records below the directory of all containers. */
export function loadTaskRecords(directory: string): readonly TaskRecord[] {
  return listDirectory(directory).flatMap((name) => {
    const record = load(join(directory, name, 'task.json'));
    return record === null ? [] : [record];
  });
}

function load(path: string): TaskRecord | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as TaskRecord;
    return record.version === 1 ? whole(record) : null;
  } catch (error) {
    if (error instanceof SyntaxError || hasErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** An earlier version may have written it. */
function whole(record: TaskRecord): TaskRecord {
  const { networks, volumes } = record;
  return {
    ...record,
    task: completeObject(record.task),
    networks: networks.map(completeObject),
    volumes: volumes.map(completeObject),
  };
}
