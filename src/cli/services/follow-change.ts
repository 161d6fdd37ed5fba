import type { ServiceObject } from '../../model/objects.ts';
import type { ServiceChangeResponse } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { followRemovals } from '../tasks/follow-removals.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { followUpdates } from '../tasks/follow-updates.ts';
import type { TaskChange } from '../tasks/task-word.ts';
import { unlessInterrupted } from '../tasks/unless-interrupted.ts';

export interface ChangeToFollow {
  readonly service: Pick<ServiceObject, 'stack' | 'name'>;
  readonly response: ServiceChangeResponse;
  readonly goal: 'completed' | 'rollback_completed';
  readonly detach: boolean;
}

/** Shows a change of a service until it has been made. */
export async function followChange(
  context: Pick<CommandContext, 'globals' | 'io'>,
  control: ControlClient,
  { service: { stack, name }, response, goal, detach }: ChangeToFollow,
): Promise<void> {
  if (detach) return;
  const progress = openProgress(context, `service ${name}`);
  const actions = new Map(response.steps.map((step) => [step.name, step.action]));
  const changeOf = (container: string): TaskChange => {
    const action = actions.get(container);
    return action === 'create' || action === 'replace' || action === 'start' ? action : 'keep';
  };
  try {
    await unlessInterrupted(context.io, progress, async (signal) => {
      await followTasks(control, { stack, taskIds: response.taskIds, goal: 'started', changeOf, progress, signal });
      await followRemovals(control, stack, response.steps, progress, signal);
      await followUpdates(control, { stack, services: response.updating ? [name] : [], progress, goal, signal });
    });
  } finally {
    progress.stop();
  }
}
