import { execFile } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { ServiceSpec } from '../../../src/model/spec.ts';
import { defaultShmBytes, hostSharedMemory } from './mounts.ts';
import type { SharedMemory } from './mounts.ts';
import { TaskError } from '../errors.ts';
import { ifThereSync } from '../if-there.ts';

const run = promisify(execFile);

/** A mount in memory or its removal is done at once, or something is very wrong. */
const deadlineMs = 10_000;

/** What the container has as its /dev/shm, made where it is its own to share. */
export async function prepareSharedMemory(
  directory: string,
  spec: ServiceSpec,
  joined: { readonly memory: string } | null,
): Promise<SharedMemory> {
  const { kind } = spec.namespaces.ipc;
  if (joined !== null) return { bind: joined.memory };
  if (kind === 'host') return { bind: hostSharedMemory };
  if (kind === 'none') return 'none';
  if (kind !== 'shareable') return 'own';
  await ensureSharedMemory(directory, spec.container.shmSizeBytes ?? defaultShmBytes);
  return { bind: directory };
}

/**
 * The file system that several containers have as their /dev/shm. It has to be a mount of the host: those of one container
 * cannot be bound into another one.
 */
async function ensureSharedMemory(directory: string, sizeBytes: number): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (isMounted(directory)) return;
  const options = `nosuid,nodev,noexec,mode=1777,size=${sizeBytes}`;
  try {
    await run('mount', ['-t', 'tmpfs', '-o', options, 'shm', directory], { timeout: deadlineMs });
  } catch (cause) {
    throw new TaskError('internal', `ipc: mount the shared /dev/shm at ${directory}`, { cause });
  }
}

/** Takes it away, if it is there. Containers that still have it keep it. */
export async function removeSharedMemory(directory: string): Promise<void> {
  if (!isMounted(directory)) return;
  await run('umount', ['--lazy', directory], { timeout: deadlineMs });
  await rmdir(directory);
}

/** A mount is on another device than the directory around it. */
function isMounted(directory: string): boolean {
  return ifThereSync(() => statSync(directory).dev !== statSync(dirname(directory)).dev, false);
}
