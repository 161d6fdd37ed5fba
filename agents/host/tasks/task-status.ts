import type { ContainerStatus, TaskStatus } from '../../../src/model/objects.ts';
import type { ObservedState } from '../../../src/model/states.ts';
import { describeError } from '../errors.ts';
import { startHint } from '../native/start-hint.ts';
import { lostExitCode } from './container.ts';
import type { ImageStatus } from './image-status.ts';
import type { PreparedContainer } from './task-record.ts';
import type { ShimState } from './shim.ts';

/** What the container looks like to the rest of the world. */
export function containerStatus(
  image: ImageStatus,
  prepared: PreparedContainer,
  shim: ShimState,
  earlierRestarts: number,
  known: Pick<ContainerStatus, 'health' | 'hook' | 'serving'>,
): ContainerStatus {
  return {
    ...image,
    imageId: prepared.imageId,
    command: prepared.command,
    phase: shim.phase,
    pid: shim.pid,
    createdAt: prepared.createdAt,
    startedAt: shim.startedAt,
    finishedAt: shim.finishedAt,
    exitCode: shim.exitCode,
    oomKilled: shim.oomKilled,
    restartCount: earlierRestarts + shim.restartCount,
    signal: shim.signal,
    droppedLogLines: shim.droppedLogLines,
    runs: shim.runs,
    ...known,
    ports: prepared.ports,
    mounts: prepared.mounts,
  };
}

/** A container that was there and is not any more, with nobody to tell how it ended; null when there never was one. */
export function lostContainer(before: ContainerStatus | null): ContainerStatus | null {
  if (before === null) return null;
  const finishedAt = before.phase === 'exited' ? before.finishedAt : new Date().toISOString();
  return { ...before, phase: 'exited', pid: null, finishedAt, exitCode: before.exitCode ?? lostExitCode };
}

/** Observed state that a phase of the shim means. */
export function observedState(shim: ShimState, wasStopped: boolean): ObservedState {
  switch (shim.phase) {
    case 'created':
      return 'ready';
    case 'running':
    case 'paused':
    case 'restarting':
      return 'running';
    case 'stopping':
      // A program that cannot be started makes its container stop before it ever ran.
      return shim.startedAt === null ? 'ready' : 'running';
    case 'exited':
      if (wasStopped) return 'shutdown';
      return shim.exitCode === 0 ? 'complete' : 'failed';
  }
}

/** One line on how a container ended; empty while it runs or when all is well. */
export function exitMessage(shim: ShimState): string {
  if (shim.phase === 'restarting') return `exited with code ${shim.exitCode ?? 'unknown'}, will be started again`;
  if (shim.phase !== 'exited') return '';
  if (shim.error !== null) return shim.error.message;
  // Stopped before it was ever started: what ended was only its place.
  if (shim.startedAt === null) return '';
  if (shim.oomKilled) return `killed: it used more memory than it may (exit code ${shim.exitCode ?? 137})`;
  return shim.exitCode === 0 ? '' : `exited with code ${shim.exitCode ?? 'unknown'}`;
}

/** Why the program of a container could not be started; null when it could. */
export function startError({ error }: ShimState): TaskStatus['error'] {
  if (error === null) return null;
  // The shim says more than a status has room for.
  const { code, message } = error;
  return { code, message, hint: startHint(code, message) };
}

/** A status, but for what is not the task's own business. */
export type OwnStatus = Omit<TaskStatus, 'successor'>;

/** The status of a task that could not be prepared or started. */
export function errorStatus(
  run: number,
  state: ObservedState,
  error: unknown,
  container: ContainerStatus | null,
): OwnStatus {
  const described = describeError(error);
  return { run, state, at: new Date().toISOString(), message: described.message, error: described, container };
}
