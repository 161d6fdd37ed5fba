import { readScale } from '../command-line/read-scale.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { connect } from '../connection/connect.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { showDryRunSteps } from '../output/show-plan.ts';
import { loadProject } from '../project/load-project.ts';
import { recall } from '../providers/provide.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { prepareApply } from '../up/prepare-apply.ts';
import { apply } from '../up/apply.ts';
import { followRemovals } from '../tasks/follow-removals.ts';
import { unlessInterrupted } from '../tasks/unless-interrupted.ts';

const flags = {
  'no-deps': { type: 'boolean', help: 'Leave dependencies alone' },
} as const;

/** `tsstack scale` */
export const scale = defineVerb({ name: 'scale', usage: 'SERVICE=N...', arity: [1, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const numbers = readScale(context.arguments);
  const services = Object.keys(numbers);
  const loaded = loadProject(context, services);
  const common = { services, noDeps: context.flags['no-deps'], scale: numbers };
  const control = await connect(context, 'start');
  if (context.globals['dry-run']) {
    const { spec } = await recall(control, loaded, context.io);
    const { steps } = await control.applyStack({ ...common, spec: JSON.stringify(spec), dryRun: true });
    showDryRunSteps(context, 'scale', steps);
    return 0;
  }
  const progress = openProgress(context, 'scale');
  try {
    const only = common.noDeps ? services : undefined;
    const project = await prepareApply(context, control, loaded, { progress, only });
    const request = { ...common, spec: JSON.stringify(project.spec) };
    const { stack, response, changeOf } = await apply(control, project, request, { progress });
    await unlessInterrupted(context.io, progress, async (signal) => {
      await followTasks(control, { stack, taskIds: response.taskIds, goal: 'started', changeOf, progress, signal });
      await followRemovals(control, stack, response.steps, progress, signal);
    });
  } finally {
    progress.stop();
  }
  return 0;
}
