import type { TaskObject } from '../../model/objects.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { titleOf } from './object-titles.ts';
import { openProgress } from './progress/open-progress.ts';

/** Shows what would happen to containers, and to `others` by their titles; for --dry-run. */
export function showDryRun(
  context: Pick<CommandContext, 'globals' | 'io'>,
  title: string,
  tasks: readonly TaskObject[],
  text: string,
  others: readonly string[] = [],
): void {
  const progress = openProgress(context, title);
  const containers = tasks.map(({ containerName }) => titleOf('container', containerName));
  for (const id of [...containers, ...others]) progress.event({ id, state: 'done', text });
  progress.stop();
}
