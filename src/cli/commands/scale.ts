import { readScale } from '../command-line/read-scale.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { showDryRunSteps } from '../output/show-plan.ts';
import { loadProject } from '../project/load-project.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { apply } from '../up/apply.ts';
import { followRemovals } from '../tasks/follow-removals.ts';

const flags = {
  'no-deps': { type: 'boolean', help: 'Leave dependencies alone' },
} as const;

/** `tsstack scale` */
export const scale = defineVerb({ name: 'scale', usage: 'SERVICE=N...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const numbers = readScale(context.arguments);
  const services = Object.keys(numbers);
  const project = loadProject(context, services);
  const request = { spec: JSON.stringify(project.spec), services, noDeps: context.flags['no-deps'], scale: numbers };
  const control = await connect(context, 'start');
  if (context.globals['dry-run']) {
    const { steps } = await control.applyStack({ ...request, dryRun: true });
    showDryRunSteps(context, 'scale', steps);
    return 0;
  }
  const progress = openProgress(context, 'scale');
  try {
    const { stack, response, changeOf } = await apply(control, project, request, { progress });
    await followTasks(control, { stack, taskIds: response.taskIds, goal: 'started', changeOf, progress });
    await followRemovals(control, stack, response.steps, progress);
  } finally {
    progress.stop();
  }
  return 0;
}
