import type { TaskObject } from '../../model/objects.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { openProgress } from './progress/open-progress.ts';

/** Shows what would happen to containers; for --dry-run. */
export function showDryRun(
  context: Pick<CommandContext, 'globals' | 'io'>,
  title: string,
  tasks: readonly TaskObject[],
  text: string,
): void {
  const progress = openProgress(context, title);
  for (const task of tasks) progress.event({ id: `Container ${task.containerName}`, state: 'done', text });
  progress.stop();
}
