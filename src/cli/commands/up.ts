import type { ControlClient } from '../../rpc/service-types.ts';
import { graceMs } from '../command-line/common-flags.ts';
import { parallelLimit } from '../command-line/parallel-limit.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { connect } from '../connection/connect.ts';
import { interruptedExitCode, Interrupts } from '../interrupts.ts';
import { canAsk, confirm } from '../output/confirm.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { showDryRunSteps } from '../output/show-plan.ts';
import { loadProject, type LoadedSpec } from '../project/load-project.ts';
import { followJobs } from '../tasks/follow-jobs.ts';
import { goesOn } from '../tasks/unless-interrupted.ts';
import { followRemovals } from '../tasks/follow-removals.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { followUpdates } from '../tasks/follow-updates.ts';
import { listTasks } from '../tasks/list-tasks.ts';
import { withWaitTimeout } from '../tasks/wait-timeout.ts';
import { apply, type Applied } from '../up/apply.ts';
import { applyRequest, withPullPolicy } from '../up/apply-request.ts';
import { attachToStack } from '../up/attach-to-stack.ts';
import { planApply } from '../up/plan-apply.ts';
import { prepareApply } from '../up/prepare-apply.ts';
import { checkFlags, checkServiceFlags } from '../up/check-flags.ts';
import { endTasks } from '../up/end-tasks.ts';
import { pullEachTime, pullProgress } from '../up/images.ts';
import { upFlags } from '../up/up-flags.ts';

/** `tsstack up` */
export const up = defineVerb({ name: 'up', usage: '[SERVICE...]', arity: [0, null], flags: upFlags, run });

type UpContext = CommandContext<typeof upFlags>;

async function run(context: UpContext): Promise<number> {
  checkFlags(context);
  // The connection is made while the file is read.
  const connecting = connect(context, 'start');
  connecting.catch(() => undefined);
  const project = loadProject(context, context.arguments);
  if (Object.keys({ ...project.spec.services, ...project.spec.providers }).length === 0)
    throw new UsageError('no service selected', 'the file has no service, or profiles switch all of them off');
  checkServiceFlags(context, project.spec);
  const control = await connecting;
  if (context.globals['dry-run']) {
    const { steps } = await planApply(context, control, project);
    showDryRunSteps(context, 'up', steps);
    return 0;
  }
  return bringUp(context, control, project);
}

async function bringUp(context: UpContext, control: ControlClient, loaded: LoadedSpec): Promise<number> {
  const interrupts = new Interrupts(context.io);
  const progress = openProgress(context, 'up');
  const startedAt = new Date().toISOString();
  let applied: Applied | undefined;
  try {
    const signal = interrupts.first;
    const only = context.flags['no-deps'] ? context.arguments : undefined;
    const project = await prepareApply(context, control, loaded, { progress, signal, only });
    const request = applyRequest(project, context.arguments, context.flags, canAsk(context.io));
    const spec = withPullPolicy(project.spec, context.flags.pull);
    await pullEachTime(control, spec, {
      limit: parallelLimit(context),
      progress: pullProgress(context, progress),
      signal,
    });
    applied = await apply(control, project, request, {
      progress,
      ask: (question) => confirm(context.io, question, signal),
      signal,
    });
    await converge(context, control, applied, progress, signal, targetsOf(context, project));
    await followRemovals(control, applied.stack, applied.response.steps, progress, signal);
    progress.stop();
    if (isDetached(context) || context.flags['no-start']) return 0;
    const services = targetsOf(context, project);
    return await attachToStack({ context, control, spec: project.spec, applied, interrupts, startedAt, services });
  } catch (error) {
    if (!interrupts.first.aborted) throw error;
    if (applied === undefined) return interruptedExitCode;
    if (isDetached(context)) progress.line(goesOn);
    else await endInterrupted(context, control, applied, interrupts, progress);
    return interruptedExitCode;
  } finally {
    progress.stop();
    interrupts.close();
  }
}

/** Attached, containers only have to be made: what they do from then on is shown as their output. */
async function converge(
  context: UpContext,
  control: ControlClient,
  { stack, response, changeOf }: Applied,
  progress: Progress,
  signal: AbortSignal,
  services: ReadonlySet<string>,
): Promise<void> {
  if (!context.flags.wait) {
    for (const name of response.updating)
      progress.line(`Service ${name} goes on being updated: \`tsstack service ps ${name}\` shows how far it is`);
  }
  const goal = context.flags.wait ? 'ready' : isDetached(context) && !context.flags['no-start'] ? 'started' : 'created';
  await withWaitTimeout(context.flags['wait-timeout'], async (late) => {
    const over = AbortSignal.any([signal, late]);
    await followTasks(control, { stack, taskIds: response.taskIds, goal, changeOf, progress, signal: over });
    if (!context.flags.wait) return;
    await followJobs(control, { stack, services, signal: over });
    await followUpdates(control, { stack, services: response.updating, progress, signal: over });
  });
}

function isDetached({ flags }: UpContext): boolean {
  return flags.detach || flags.wait;
}

/** Services that the command is about: named, or all. */
function targetsOf(context: UpContext, { spec }: LoadedSpec): ReadonlySet<string> {
  return new Set(context.arguments.length > 0 ? context.arguments : Object.keys(spec.services));
}

/** Attached and interrupted on the way up: what this command has created or started ends again; what ran before stays. */
async function endInterrupted(
  context: UpContext,
  control: ControlClient,
  applied: Applied,
  interrupts: Interrupts,
  progress: Progress,
): Promise<void> {
  progress.line('Gracefully Stopping... press Ctrl+C again to force');
  const concerned = new Set(applied.response.taskIds);
  const tasks = (await listTasks(control, applied.stack)).filter(({ id }) => concerned.has(id));
  const taskIds = tasks.filter(({ containerName }) => applied.changeOf(containerName) !== 'keep').map(({ id }) => id);
  const stopGraceMs = graceMs(context.flags.timeout);
  await endTasks(control, { stack: applied.stack, taskIds, stopGraceMs, progress, killNow: interrupts.second });
}
