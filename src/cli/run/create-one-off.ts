import type { StackSpec } from '../../model/spec.ts';
import type { CreateOneOffResponse } from '../../rpc/messages.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import type { TaskGoal } from '../tasks/task-goal.ts';
import { followDependencies } from './follow-dependencies.ts';
import type { RunJob } from './run-job.ts';

/** Makes the container of a run; resolves when it is on its way and its dependencies are there. */
export async function createOneOff(job: RunJob, spec: StackSpec): Promise<CreateOneOffResponse> {
  const { context, control, stack, service, progress } = job;
  const { flags } = context;
  let made: CreateOneOffResponse | undefined;
  try {
    made = await control.createOneOff({
      spec: JSON.stringify(spec),
      service: service.name,
      noDeps: flags['no-deps'],
      autoRemove: flags.rm,
      useAliases: flags['use-aliases'],
      name: flags.name ?? '',
      removeOrphans: flags['remove-orphans'],
    });
    await followDependencies(control, { stack, service, taskIds: made.dependencyTaskIds, progress });
    if (flags.detach) await follow(job, made.taskId, 'accepted');
    return made;
  } catch (error) {
    if (made !== undefined) await discard(job, made.taskId);
    throw error;
  }
}

async function follow(job: RunJob, taskId: string, goal: TaskGoal): Promise<void> {
  const { control, stack, progress } = job;
  await followTasks(control, { stack, taskIds: [taskId], goal, changeOf: () => 'create', progress });
}

/** A container that will never be started is of no use to anybody. */
async function discard({ control, stack }: RunJob, taskId: string): Promise<void> {
  await control.actOnTasks({ stack, action: 'remove', taskIds: [taskId], stopFirst: true, volumes: true });
}

/** Starts the container and leaves it to itself. */
export async function startDetached(job: RunJob, { taskId }: CreateOneOffResponse): Promise<number> {
  await job.control.actOnTasks({ stack: job.stack, action: 'start', taskIds: [taskId], noDeps: true });
  await follow(job, taskId, 'started');
  job.context.io.stdout.write(`${taskId}\n`);
  return 0;
}
