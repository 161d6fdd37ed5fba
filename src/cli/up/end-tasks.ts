import type { ControlClient } from '../../rpc/service-types.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { followTasks } from '../tasks/follow-tasks.ts';

interface Ending {
  readonly stack: string;
  readonly taskIds: readonly string[];
  readonly stopGraceMs: number | null;
  readonly progress: Progress;
  /** Ends the patience: what still runs is killed. */
  readonly killNow: AbortSignal;
}

/** Stops containers gracefully, in reverse order of their dependencies; without grace once `killNow` says so. */
export async function endTasks(control: ControlClient, ending: Ending): Promise<void> {
  if (ending.taskIds.length === 0) return;
  try {
    await stopAndFollow(control, ending, ending.stopGraceMs, ending.killNow);
  } catch (error) {
    if (!ending.killNow.aborted) throw error;
    await stopAndFollow(control, ending, 0, undefined);
  }
}

async function stopAndFollow(
  control: ControlClient,
  { stack, taskIds, progress }: Ending,
  stopGraceMs: number | null,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  // What has ended by itself is left alone, and there is nothing to wait for.
  const stopped = await control.actOnTasks({ stack, action: 'stop', taskIds, stopGraceMs }, options);
  await followTasks(control, {
    stack,
    taskIds: stopped.taskIds,
    goal: 'stopped',
    changeOf: () => 'keep',
    progress,
    signal,
  });
}
