import type { TaskObject } from '../../model/objects.ts';

/** The task with the reason why it has to wait; the task itself when it says so already. */
export function withWaitReason(task: TaskObject, reason: string): TaskObject {
  return task.status.message === reason ? task : { ...task, status: { ...task.status, message: reason } };
}
