import type { TaskObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import type { StackSpec } from '../../model/spec.ts';
import type { ControlClient } from '../../rpc/service-types.ts';
import { graceMs } from '../command-line/common-flags.ts';
import type { CommandContext } from '../command-line/verb.ts';
import { SteadyConnection } from '../connection/steady-connection.ts';
import { interruptedExitCode, type Interrupts } from '../interrupts.ts';
import { hasColours } from '../output/colour.ts';
import { containerLabel } from '../output/container-label.ts';
import { LogMultiplexer } from '../output/log-multiplexer.ts';
import { openProgress } from '../output/progress/open-progress.ts';
import { endProviders } from '../providers/end-providers.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { LogFollower, problemText } from '../streams/log-follower.ts';
import { LogRecovery } from '../streams/log-recovery.ts';
import { followSteadily } from '../tasks/follow-steadily.ts';
import { isGoingOn, judgeTask } from '../tasks/task-goal.ts';
import type { Applied } from './apply.ts';
import { shownServices } from './shown-services.ts';
import { endTasks } from './end-tasks.ts';
import { Endings } from './endings.ts';
import type { upFlags } from './up-flags.ts';

export interface Attachment {
  readonly context: CommandContext<typeof upFlags>;
  readonly control: ControlClient;
  readonly spec: StackSpec;
  readonly applied: Applied;
  readonly interrupts: Interrupts;
  /** RFC 3339, before anything was done: older output of containers that ran already is not shown. */
  readonly startedAt: string;
  /** Services that the command is about: it lasts as long as they do, and stops them at the end. */
  readonly services: ReadonlySet<string>;
}

/** The second half of an attached `up`: shows the output of containers until they have ended, or are ended by Ctrl-C. Resolves to the exit code. */
export async function attachToStack(attachment: Attachment): Promise<number> {
  const { context, control, applied, interrupts } = attachment;
  const shown = shownServices(context.flags, attachment.spec, attachment.services);
  const connection = new SteadyConnection(context, control);
  const over = new AbortController();
  const recovery = new LogRecovery({ io: context.io, connection, over: over.signal });
  const follower = makeFollower(attachment, recovery);
  const endings = new Endings(context.flags);
  const ending = new StackEnding(attachment, connection);
  let targets: readonly TaskObject[] = [];
  const onInterrupt = (): void => ending.begin(targets, true);
  interrupts.first.addEventListener('abort', onInterrupt, { once: true });
  try {
    await followSteadily(connection, { stack: applied.stack, kinds: ['task', 'node'] }, ending.failed, (view) => {
      const tasks = view.tasks.filter((task) => task.oneOff === null && task.desired !== 'remove');
      recovery.noteNodes(view.ofKind('node'), tasks);
      for (const task of tasks) if (shown.has(task.service)) follower.consider(task);
      targets = tasks.filter(({ service }) => attachment.services.has(service));
      if (interrupts.first.aborted) ending.begin(targets, true);
      if (!ending.hasBegun) refuseFailures(targets);
      endings.observe(targets);
      if (endings.endsAll) ending.begin(targets, false);
      return !targets.some(isGoingOn);
    });
  } finally {
    interrupts.first.removeEventListener('abort', onInterrupt);
    await ending.settled();
  }
  over.abort();
  // The output of dependencies may be shown, but they run on.
  await follower.settled(new Set(targets.map(({ id }) => id)));
  return interrupts.first.aborted ? interruptedExitCode : endings.exitCode;
}

/** The stop of everything that the command is about; begins at most once. */
class StackEnding {
  readonly #attachment: Attachment;
  readonly #connection: SteadyConnection;
  readonly #failed = new AbortController();
  #work: Promise<void> | undefined;
  #failure: unknown;

  constructor(attachment: Attachment, connection: SteadyConnection) {
    this.#attachment = attachment;
    this.#connection = connection;
  }

  get hasBegun(): boolean {
    return this.#work !== undefined;
  }

  /** Aborted when the stop itself failed, so that nobody waits for its effect. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  begin(tasks: readonly TaskObject[], isInterrupt: boolean): void {
    this.#work ??= this.#end(
      tasks.map(({ id }) => id),
      isInterrupt,
    );
  }

  /** Resolves when the stop has ended, if it ever began; throws when it failed. */
  async settled(): Promise<void> {
    await this.#work;
    if (this.#failed.signal.aborted) throw this.#failure;
  }

  async #end(taskIds: readonly string[], isInterrupt: boolean): Promise<void> {
    const { context, applied, interrupts } = this.#attachment;
    const { control } = this.#connection;
    const progress = openProgress(context, 'stop', { besideOutput: true });
    if (isInterrupt) progress.line('Gracefully Stopping... press Ctrl+C again to force');
    const killNow = isInterrupt ? interrupts.second : interrupts.first;
    try {
      const stopGraceMs = graceMs(context.flags.timeout);
      await endTasks(control, { stack: applied.stack, taskIds, stopGraceMs, progress, killNow });
      const { providers } = this.#attachment.spec;
      await endProviders({ ...context, arguments: [] }, 'stop', { stack: applied.stack, providers, progress });
    } catch (error) {
      this.#failure = error;
      this.#failed.abort();
    } finally {
      progress.stop();
    }
  }
}

/** What cannot be started ends the command, as it would have ended a detached one. */
function refuseFailures(targets: readonly TaskObject[]): void {
  for (const task of targets) {
    const verdict = judgeTask(task, 'started');
    if (verdict.kind === 'failed') {
      throw new TsstackError('conflict', verdict.message, verdict.hint === null ? {} : { hint: verdict.hint });
    }
  }
}

function makeFollower({ context, applied, startedAt }: Attachment, recovery: LogRecovery): LogFollower {
  const { flags, globals, io } = context;
  const multiplexer = new LogMultiplexer(io, {
    prefix: !flags['no-log-prefix'],
    colours: !flags['no-color'] && hasColours(globals, io, io.stdout),
    timestamps: flags.timestamps,
    splitStreams: true,
  });
  const names = applied.response.steps.filter(({ kind }) => kind === 'container').map(({ name }) => name);
  multiplexer.reserve(names.map((containerName) => containerLabel({ containerName, stack: applied.stack })));
  return new LogFollower({
    recovery,
    multiplexer,
    queryOf: ({ containerName }) => {
      const isNew = ['create', 'replace'].includes(applied.changeOf(containerName));
      return { tail: null, since: isNew ? null : startedAt, until: null };
    },
    notesExitsSince: startedAt,
    onProblem: (task, error) => writeWarnings(io, [problemText(task, error)]),
  });
}
