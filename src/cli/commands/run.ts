import type { CreateOneOffResponse } from '../../rpc/messages.ts';
import type { ServiceSpec, StackSpec } from '../../model/spec.ts';
import { errorOfProblem } from '../../rpc/error-mapping.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { connect } from '../connection/connect.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import type { Progress } from '../output/progress/progress-event.ts';
import { showError } from '../output/show-error.ts';
import { QuietProgress } from '../output/progress/quiet-progress.ts';
import { loadProject, type LoadedSpec } from '../project/load-project.ts';
import { followDependencies } from '../run/follow-dependencies.ts';
import { LastStatus } from '../run/last-status.ts';
import { oneOffService } from '../run/one-off-service.ts';
import { runFlags } from '../run/run-flags.ts';
import { peek } from '../streams/peek.ts';
import { callStream, openStream, readFrames } from '../streams/open-stream.ts';
import { runSession, terminalSize } from '../streams/session.ts';
import { wantsTerminal } from '../streams/wants-terminal.ts';
import type { TaskGoal } from '../tasks/task-goal.ts';
import { followTasks } from '../tasks/follow-tasks.ts';
import { prepareApply } from '../up/prepare-apply.ts';
import { withPullPolicy } from '../up/apply-request.ts';

/** `tsstack run` */
export const run = defineVerb({
  name: 'run',
  usage: 'SERVICE [COMMAND] [ARGUMENT...]',
  arity: [1, null],
  stopAtArgument: true,
  flags: runFlags,
  run: runOneOff,
});

type RunContext = CommandContext<typeof runFlags>;

async function runOneOff(context: RunContext): Promise<number> {
  const { flags, io } = context;
  if (flags['service-ports'] && flags.publish.length > 0)
    throw new UsageError('--service-ports and --publish cannot be combined');
  const tty = wantsTerminal(io, {
    isOff: flags['no-tty'] || flags.detach || !flags.tty,
    isAskedFor: context.given.has('tty') && flags.tty,
  });
  const connecting = connect(context, 'start');
  connecting.catch(() => undefined);
  const loaded = loadProject(context, context.arguments.slice(0, 1));
  const { name } = readService(context, loaded, tty).service;
  const control = await connecting;
  const progress = flags.quiet ? new QuietProgress(io.stderr) : openProgress(context, 'run');
  if (context.globals['dry-run']) {
    progress.event({ id: `Container ${loaded.spec.name}-${name}-run`, state: 'done', text: 'Created' });
    progress.stop();
    return 0;
  }
  try {
    const only = flags['no-deps'] ? [name] : undefined;
    const provided = await prepareApply(context, control, loaded, { progress, only });
    const { spec, service } = readService(context, provided, tty);
    const job: Job = { context, control, stack: spec.name, service, progress };
    const made = await createContainer(job, spec);
    return await (flags.detach ? startDetached(job, made) : startAttached(job, made));
  } finally {
    progress.stop();
  }
}

/** One run and what it works with. */
interface Job {
  readonly context: RunContext;
  readonly control: ControlClient;
  readonly stack: string;
  /** The service as this run wants it. */
  readonly service: ServiceSpec;
  readonly progress: Progress;
}

/** The stack with the service as this run wants it. */
function readService(
  context: RunContext,
  { spec, loaded }: LoadedSpec,
  tty: boolean,
): { readonly spec: StackSpec; readonly service: ServiceSpec } {
  const [name = '', ...command] = context.arguments;
  const declared = spec.services[name];
  if (declared === undefined) throw new UsageError(`no such service: ${name}`);
  const stdin = context.flags.interactive && !context.flags.detach;
  const service = oneOffService(declared, context, { command, tty, stdin, lookup: loaded.lookup });
  requireVolumes(spec, service);
  const changed = { ...spec, services: { ...spec.services, [name]: service } };
  return { spec: withPullPolicy(changed, context.flags.pull), service };
}

/** Named volumes of `-v` are those of the file. */
function requireVolumes({ volumes }: StackSpec, { container }: ServiceSpec): void {
  for (const mount of container.mounts) {
    if (mount.type !== 'volume' || mount.volume === null || Object.hasOwn(volumes, mount.volume)) continue;
    const { target, volume } = mount;
    const hint = `declare it under \`volumes:\` of the file, or write a path, as ./${volume}`;
    throw new UsageError(`mount ${target}: the stack has no volume ${volume}`, hint);
  }
}

/** Resolves when it is on its way and its dependencies are there. */
async function createContainer(job: Job, spec: StackSpec): Promise<CreateOneOffResponse> {
  const { context, control, stack, service, progress } = job;
  const { flags } = context;
  let made: CreateOneOffResponse | undefined;
  try {
    made = await control.createOneOff({
      spec: JSON.stringify(spec),
      service: service.name,
      noDeps: flags['no-deps'],
      autoRemove: flags.rm,
      useAliases: flags['use-aliases'],
      name: flags.name ?? '',
      removeOrphans: flags['remove-orphans'],
    });
    await followDependencies(control, { stack, service, taskIds: made.dependencyTaskIds, progress });
    if (flags.detach) await follow(job, made.taskId, 'accepted');
    return made;
  } catch (error) {
    if (made !== undefined) await discard(job, made.taskId);
    throw error;
  }
}

async function follow(job: Job, taskId: string, goal: TaskGoal): Promise<void> {
  const { control, stack, progress } = job;
  await followTasks(control, { stack, taskIds: [taskId], goal, changeOf: () => 'create', progress });
}

/** A container that will never be started is of no use to anybody. */
async function discard({ control, stack }: Job, taskId: string): Promise<void> {
  await control.actOnTasks({ stack, action: 'remove', taskIds: [taskId], stopFirst: true, volumes: true });
}

async function startDetached(job: Job, { taskId }: CreateOneOffResponse): Promise<number> {
  await job.control.actOnTasks({ stack: job.stack, action: 'start', taskIds: [taskId], noDeps: true });
  await follow(job, taskId, 'started');
  job.context.io.stdout.write(`${taskId}\n`);
  return 0;
}

/** The node starts the container when it is made and the stream stands, so that nothing of its output is lost. */
async function startAttached(job: Job, { taskId }: CreateOneOffResponse): Promise<number> {
  const { context, control, stack, service, progress } = job;
  const { io } = context;
  const { tty, stdinOpen: stdin } = service.container;
  const target = { taskId };
  const status = new LastStatus(control, { stack, taskId, progress });
  const forward = (signal: string): void => {
    callStream(control, 'signal', { signal }, target).catch(() => undefined); // it has ended: so will this
  };
  try {
    const size = tty ? terminalSize(io) : null;
    const stream = await openStream(control, 'attach', { stdin, output: true, start: true, size }, target);
    const frames = peek(readFrames(stream));
    await Promise.race([status.made, frames.begun]);
    progress.stop();
    const options = { tty, stdin, detachKeys: null, onSignal: tty ? null : forward };
    const code = await runSession(stream, io, options, frames.items);
    return cannotStart.has(code) ? await explain(context, status, code) : code;
  } catch (error) {
    const ended = await status.ended();
    if (ended?.status.error == null) throw error;
    return await explain(context, status, ended.status.container?.exitCode ?? 1);
  } finally {
    status.close();
  }
}

/** Exit codes of commands that could not be run at all; but a command may also end with them itself. */
const cannotStart: ReadonlySet<number> = new Set([126, 127]);

async function explain(context: RunContext, status: LastStatus, code: number): Promise<number> {
  const error = (await status.ended())?.status.error;
  if (error != null)
    await showError(context, errorOfProblem({ ...error, hint: error.hint ?? '', retryable: false, keys: [] }));
  return code;
}
