import { defineVerb, type AnyVerb, type CommandContext } from '../command-line/verb.ts';
import { parallelLimit } from '../command-line/parallel-limit.ts';
import { isUp } from '../output/container-row.ts';
import { showDryRun } from '../output/dry-run.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { openStack, selectTasks } from '../project/existing-stack.ts';
import { callStream } from '../streams/open-stream.ts';
import { forEachLimited } from '../streams/for-each-limited.ts';

/** `tsstack pause` */
export const pause = freezer('pause', 'Pausing', 'Paused');

/** `tsstack unpause` */
export const unpause = freezer('unpause', 'Unpausing', 'Unpaused');

function freezer(name: 'pause' | 'unpause', doing: string, done: string): AnyVerb {
  const run = async (context: CommandContext): Promise<number> => {
    const { control, tasks } = await openStack(context, context.arguments);
    const targets = selectTasks(tasks, context.arguments, { oneOffs: false }).filter(isUp);
    if (context.globals['dry-run']) {
      showDryRun(context, name, targets, done);
      return 0;
    }
    const progress = openProgress(context, name);
    try {
      await forEachLimited(targets, parallelLimit(context), async ({ id, containerName }) => {
        progress.event({ id: `Container ${containerName}`, state: 'working', text: doing });
        await callStream(control, name, {}, { taskId: id });
        progress.event({ id: `Container ${containerName}`, state: 'done', text: done });
      });
    } finally {
      progress.stop();
    }
    return 0;
  };
  return defineVerb({ name, usage: '[SERVICE...]', arity: [0, null], flags: {}, run });
}
