/** What reported states do to the store. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { TsstackError } from '../../model/errors.ts';
import type { TaskStatus } from '../../model/objects.ts';
import { transitionError } from '../../model/states.ts';
import type { TaskStatusUpdate } from '../../rpc/messages.ts';
import { ChangeSet } from '../store/change-set.ts';
import type { Change } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import { deleteTask } from '../tasks/delete-task.ts';
import { parseTaskStatus } from './parse-status.ts';

/** One report of an agent on one of its tasks. */
export interface StatusReport {
  readonly taskId: string;
  readonly status: TaskStatus | null;
  /** The agent has nothing of the task any more. */
  readonly removed: boolean;
}

/** Changes that the reports lead to, in their order. Reports that come late, or about tasks that are gone, change nothing. */
export function applyReports(view: StoreView, reports: readonly StatusReport[]): readonly Change[] {
  const changes = new ChangeSet(view);
  for (const report of reports) applyReport(changes, report);
  return changes.changes;
}

function applyReport(changes: ChangeSet, { taskId, status, removed }: StatusReport): void {
  const task = changes.get('task', taskId);
  if (task === undefined) return;
  // Removal is only taken from an agent when it was asked for; else its word is that the container is lost, which a status says.
  if (removed && task.desired === 'remove') return deleteTask(changes, task);
  if (status === null || transitionError(task.status, status) !== null) return;
  // After a new session agents report everything again.
  if (!isDeepStrictEqual(status, task.status)) changes.put({ ...task, status });
}

/** What a batch says, and why not all of it counts: the first reason, null when there is none. */
export interface ReadReports {
  readonly reports: readonly StatusReport[];
  readonly refusal: TsstackError | null;
}

/** Reads a batch. An agent may only speak of its own tasks: foreign and malformed updates are refused, and the others count. */
export function readReports(view: StoreView, nodeId: string, updates: readonly TaskStatusUpdate[]): ReadReports {
  const reports: StatusReport[] = [];
  let refusal: TsstackError | null = null;
  for (const update of updates) {
    try {
      reports.push(readReport(view, nodeId, update));
    } catch (error) {
      if (!(error instanceof TsstackError)) throw error;
      refusal ??= error;
    }
  }
  return { reports, refusal };
}

function readReport(view: StoreView, nodeId: string, { taskId, status, removed }: TaskStatusUpdate): StatusReport {
  const task = view.get('task', taskId);
  if (task !== undefined && task.nodeId !== nodeId) {
    throw new TsstackError('permission', `report on task ${taskId}: it is not assigned to this node`);
  }
  return { taskId, status: status === '' ? null : parseTaskStatus(status), removed };
}
