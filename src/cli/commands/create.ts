import { buildFlags, pullFlag, quietPullFlag } from '../command-line/common-flags.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { connect } from '../connection/connect.ts';
import { canAsk, confirm } from '../output/confirm.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { showDryRunSteps } from '../output/show-plan.ts';
import { loadProject } from '../project/load-project.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { unlessInterrupted } from '../tasks/unless-interrupted.ts';
import { apply } from '../up/apply.ts';
import { applyRequest } from '../up/apply-request.ts';
import { prepareApply } from '../up/prepare-apply.ts';
import { planApply } from '../up/plan-apply.ts';
import { applyFlags } from '../up/up-flags.ts';

const flags = {
  ...applyFlags,
  ...buildFlags,
  pull: pullFlag,
  'quiet-pull': quietPullFlag,
  yes: { type: 'boolean', short: 'y', help: 'Answer every question with yes' },
} as const;

/** `tsstack create` */
export const create = defineVerb({ name: 'create', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  if (context.flags['force-recreate'] && context.flags['no-recreate']) {
    throw new UsageError('--force-recreate and --no-recreate cannot be combined');
  }
  const loaded = loadProject(context, context.arguments);
  const control = await connect(context, 'start');
  if (context.globals['dry-run']) {
    const { steps } = await planApply(context, control, loaded, { noStart: true });
    showDryRunSteps(context, 'create', steps);
    return 0;
  }
  const progress = openProgress(context, 'create');
  try {
    const project = await prepareApply(context, control, loaded, { progress });
    const request = { ...applyRequest(project, context.arguments, context.flags, canAsk(context.io)), noStart: true };
    const { stack, response, changeOf } = await apply(control, project, request, {
      progress,
      ask: (question) => confirm(context.io, question),
    });
    await unlessInterrupted(context.io, progress, (signal) =>
      followTasks(control, { stack, taskIds: response.taskIds, goal: 'created', changeOf, progress, signal }),
    );
  } finally {
    progress.stop();
  }
  return 0;
}
