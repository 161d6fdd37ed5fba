import type { TaskObject } from '../../model/objects.ts';
import type { ActOnTasksRequest } from '../../rpc/messages.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { followTasks } from './follow-tasks.ts';
import type { TaskGoal } from './task-goal.ts';
import type { TaskChange } from './task-word.ts';
import { unlessInterrupted } from './unless-interrupted.ts';

interface Act {
  readonly title: string;
  readonly request: Partial<ActOnTasksRequest> & Pick<ActOnTasksRequest, 'stack' | 'action'>;
  readonly goal: TaskGoal;
  /** The containers as the command found them. */
  readonly known: readonly TaskObject[];
  readonly change: TaskChange;
  readonly signal?: AbortSignal;
}

/** Has the daemon do something with containers that exist, and shows it until it is done. */
export async function actOnTasks(
  context: Pick<CommandContext, 'globals' | 'io'>,
  control: ControlClient,
  act: Act,
): Promise<void> {
  const progress = openProgress(context, act.title);
  try {
    const { taskIds } = await control.actOnTasks(act.request);
    await unlessInterrupted(context.io, progress, (interrupt) =>
      followTasks(control, {
        stack: act.request.stack,
        taskIds,
        goal: act.goal,
        known: act.known,
        changeOf: () => act.change,
        progress,
        signal: act.signal === undefined ? interrupt : AbortSignal.any([act.signal, interrupt]),
      }),
    );
  } finally {
    progress.stop();
  }
}
