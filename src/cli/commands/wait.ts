import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import { isTerminal } from '../../model/states.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { isUp } from '../output/container-row.ts';
import { openStack, selectTasks, type ExistingStack } from '../project/existing-stack.ts';
import { removeStack } from '../tasks/remove-stack.ts';
import { followObjects } from '../tasks/follow-objects.ts';

const flags = {
  'down-project': { type: 'boolean', help: 'Take the stack down when the first container has ended' },
} as const;

/** `tsstack wait` */
export const wait = defineVerb({ name: 'wait', usage: 'SERVICE...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const stack = await openStack(context, context.arguments);
  const targets = selectTasks(stack.tasks, context.arguments, { oneOffs: false }).filter(isUp);
  if (targets.length === 0) {
    throw new TsstackError('conflict', `no container of ${context.arguments.join(', ')} is running`, {
      hint: 'start it with `tsstack up -d`',
    });
  }
  const goesDown = context.flags['down-project'];
  const code = await waitForEnds(context, stack, targets, goesDown ? 1 : targets.length);
  if (goesDown) {
    await removeStack(context, stack.control, {
      title: 'wait',
      request: { stack: stack.name, services: [], volumes: false, removeOrphans: true, removeImages: '' },
    });
  }
  return code;
}

/** Reports each end; resolves after `count` of them to the first code that is not 0. */
async function waitForEnds(
  context: CommandContext<typeof flags>,
  { name, control }: ExistingStack,
  targets: readonly TaskObject[],
  count: number,
): Promise<number> {
  const codes = new Map<string, number>();
  await followObjects(control, { stack: name, kinds: ['task'] }, undefined, (view) => {
    for (const target of targets) {
      const code = endOf(view.task(target.id), target);
      if (code === null || codes.has(target.id)) continue;
      codes.set(target.id, code);
      context.io.stdout.write(`container "${target.containerName}" exited with status code ${code}\n`);
    }
    return codes.size >= count;
  });
  return [...codes.values()].find((code) => code !== 0) ?? 0;
}

/** Exit code of the run that the command found; null while it lasts. What was removed meanwhile was killed. */
function endOf(now: TaskObject | undefined, then: TaskObject): number | null {
  const killed = 137;
  if (now === undefined) return killed;
  if (now.status.run === then.status.run && !isTerminal(now.status.state)) return null;
  return now.status.container?.exitCode ?? killed;
}
