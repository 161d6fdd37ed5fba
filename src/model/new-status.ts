/** Statuses of what has only just been made: the one place that knows every field's beginning. */
import type { ContainerStatus, TaskStatus } from './objects.ts';

/** `error.code` of a task that cannot be removed as things are; the agent tries again. */
export const removalFailed = 'removal-failed';

/** Of a task of which nothing exists yet; `at` is an RFC 3339 time. */
export function newTaskStatus(at: string): TaskStatus {
  return { run: 1, state: 'new', at, message: '', error: null, container: null, successor: null };
}

/** Of a container that was created from an image at that time (RFC 3339) and has not run. */
export function createdContainer(image: { id: string; reference: string }, at: string): ContainerStatus {
  return {
    imageId: image.id,
    currentImageId: image.id,
    imageReference: image.reference,
    movedMounts: [],
    command: [],
    phase: 'created',
    pid: null,
    createdAt: at,
    startedAt: null,
    finishedAt: null,
    exitCode: null,
    oomKilled: false,
    restartCount: 0,
    signal: null,
    droppedLogLines: 0,
    runs: [],
    health: null,
    ports: [],
    serving: false,
    mounts: [],
    hook: null,
  };
}
