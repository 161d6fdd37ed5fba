/** What an update knows of one slot. Pure; follows from the tasks and the status of the service alone. */
import type { ServiceObject, TaskObject, UpdateStatus } from '../../../model/objects.ts';
import type { Slot } from '../../tasks/slots.ts';
import { failureOf, isUp } from '../../tasks/task-fate.ts';
import { isPreparing, preparationOf } from './prepare-slot.ts';

/** A stop that names no grace takes this long at most, see the agent. */
const defaultGraceMs = 10_000;

/** A slot in which the update has made a new container, or has begun to. */
export interface Replacement {
  /** The new container; while its images are had ready, the old one. */
  readonly task: TaskObject;
  /** That it has come up has been noted. */
  readonly isNoted: boolean;
  /** RFC 3339, when it came into its present state. */
  readonly at: string;
  /** When it had come up (ms since the epoch); null before. */
  readonly upMs: number | null;
  /** Why it counts as failed; null = it does not. */
  readonly failure: string | null;
  /** Failed for getting nowhere at all. */
  readonly isLate: boolean;
  /** Counted before, in this slot. */
  readonly isKnownFailure: boolean;
  /** When it is late unless it comes up. */
  readonly deadlineMs: number;
}

/** The replacement of the slot, if this update has begun one. */
export function replacementIn(
  slot: Slot,
  service: ServiceObject,
  update: UpdateStatus,
  nowMs: number,
): Replacement | null {
  return slot.current.length === 0
    ? preparationIn(slot, service, update, nowMs)
    : newcomerIn(slot, service, update, nowMs);
}

/** The old container of the slot, while images are had ready for the new one; null also when they are. */
function preparationIn(slot: Slot, service: ServiceObject, update: UpdateStatus, nowMs: number): Replacement | null {
  const task = slot.outdated.find((old) => isPreparing(old, update));
  const preparation = task === undefined ? null : preparationOf(task, update);
  if (task?.successor == null || preparation === null) return null;
  const { at, state, message } = preparation;
  const { progressDeadlineMs } = service.spec.deploy;
  const deadlineMs = Date.parse(task.successor.askedAt) + progressDeadlineMs;
  const isLate = state === 'preparing' && nowMs >= deadlineMs;
  const why = message === '' ? 'its image is not there' : message;
  const lateText = `${task.containerName} was not replaced within ${progressDeadlineMs / 1000} s: ${why}`;
  const failure = isLate ? lateText : state === 'failed' ? `${task.containerName}: ${message}` : null;
  const isKnownFailure = update.failedSlots.includes(slot.number);
  return { task, isNoted: false, at, upMs: null, failure, isLate, isKnownFailure, deadlineMs };
}

/** The new container of the slot, if this update has made one. */
function newcomerIn(slot: Slot, service: ServiceObject, update: UpdateStatus, nowMs: number): Replacement | null {
  const task = slot.current.findLast(({ rollout }) => rollout?.update === update.startedAt);
  if (task?.rollout == null) return null;
  const { rollout } = task;
  const upMs = rollout.upSince !== null ? Date.parse(rollout.upSince) : isUp(task) ? nowMs : null;
  const deadlineMs = deadlineOf(task, service);
  const isLate = upMs === null && nowMs >= deadlineMs;
  const failure = isLate ? lateMessage(task, service) : monitoredFailure(task, upMs, update, nowMs);
  const isKnownFailure = update.failedSlots.includes(slot.number);
  const isNoted = rollout.upSince !== null;
  return { task, isNoted, at: task.status.at, upMs, failure, isLate, isKnownFailure, deadlineMs };
}

/** When the worker that replaced it is done with the slot (ms since the epoch); null while it is not. */
export function finishedMs({ at, upMs, failure, isKnownFailure }: Replacement, nowMs: number): number | null {
  if (upMs !== null) return upMs;
  if (failure === null && !isKnownFailure) return null;
  return Math.min(nowMs, Date.parse(at));
}

/** The wait for the old container to end is no wait for the new one. */
function deadlineOf({ createdAt, spec, rollout }: TaskObject, { spec: { deploy } }: ServiceObject): number {
  const graceMs = rollout?.order === 'start-first' ? 0 : (spec.container.stopGraceMs ?? defaultGraceMs);
  return Date.parse(createdAt) + graceMs + deploy.progressDeadlineMs;
}

function lateMessage({ containerName, gate, status }: TaskObject, { spec: { deploy } }: ServiceObject): string {
  const reason = gate?.message ?? status.message;
  const why = reason === '' ? `it is ${status.state}` : reason;
  return `${containerName} did not come up within ${deploy.progressDeadlineMs / 1000} s: ${why}`;
}

/** A failure after the time of watching is none of the update's. */
function monitoredFailure(
  task: TaskObject,
  upMs: number | null,
  { config }: UpdateStatus,
  nowMs: number,
): string | null {
  const failure = failureOf(task, nowMs);
  if (failure === null) return null;
  // Ends are told by nodes, whose clocks may be ahead.
  const atMs = Math.min(failure.atMs, nowMs);
  return upMs === null || atMs <= upMs + config.monitorMs ? failure.message : null;
}
