import { TsstackError } from '../../model/errors.ts';
import type { TaskObject } from '../../model/objects.ts';
import { logStyleFlags } from '../command-line/log-flags.ts';
import { readTime } from '../command-line/read-time.ts';
import { SteadyConnection } from '../connection/steady-connection.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { UsageError } from '../errors.ts';
import { hasColours } from '../output/colour.ts';
import { containerLabel, hookLabel } from '../output/container-label.ts';
import { hasHooks, isGoingOn } from '../tasks/task-goal.ts';
import { LogMultiplexer } from '../output/log-multiplexer.ts';
import { mergeLogs } from '../output/merge-logs.ts';
import { HostAnswers } from '../nodes/host-answers.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { openStack, selectTasks, type ExistingStack } from '../project/existing-stack.ts';
import { LogFollower, problemText, type LogQuery } from '../streams/log-follower.ts';
import { LogRecovery } from '../streams/log-recovery.ts';
import { readLog } from '../streams/read-log.ts';
import { followSteadily } from '../tasks/follow-steadily.ts';

const flags = {
  ...logStyleFlags,
  follow: { type: 'boolean', short: 'f', help: 'Go on with what comes' },
  index: { type: 'integer', value: 'N', help: 'Number of the container, with one service' },
  since: { type: 'string', value: 'TIME', help: 'Begin then: a time, or a span back from now such as 10m' },
  tail: { type: 'string', short: 'n', value: 'N', help: 'Only the last lines of each container, or all' },
  timestamps: { type: 'boolean', short: 't', help: 'Show when each line was written' },
  until: { type: 'string', value: 'TIME', help: 'End then' },
} as const;

/** `tsstack logs` */
export const logs = defineVerb({ name: 'logs', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { index, follow } = context.flags;
  if (index !== undefined && context.arguments.length !== 1) throw new UsageError('--index needs exactly one service');
  const query = readQuery(context.flags);
  const stack = await openStack(context, context.arguments);
  if (index !== undefined && !stack.tasks.some((task) => isChosen(context, task))) {
    throw new TsstackError('not-found', `service "${context.arguments[0] ?? ''}" has no container #${index}`, {
      hint: 'see `tsstack ps -a`',
    });
  }
  const multiplexer = new LogMultiplexer(context.io, {
    prefix: !context.flags['no-log-prefix'],
    colours: !context.flags['no-color'] && hasColours(context.globals, context.io, context.io.stdout),
    timestamps: context.flags.timestamps,
    splitStreams: false,
  });
  if (!follow) return printAll(context, stack, multiplexer, query);
  await followAll(context, stack, multiplexer, query);
  return 0;
}

function readQuery({ tail, since, until }: CommandContext<typeof flags>['flags']): LogQuery {
  const now = Date.now();
  return { tail: readTail(tail), since: boundary('--since', since, now), until: boundary('--until', until, now) };
}

function readTail(tail: string | undefined): number | null {
  if (tail === undefined || tail === 'all' || tail === '-1') return null;
  if (!/^\d+$/.test(tail)) throw new UsageError(`invalid value "${tail}" for --tail`, 'it takes a number or all');
  return Number(tail);
}

function boundary(flag: string, text: string | undefined, now: number): string | null {
  return text === undefined ? null : new Date(readTime(flag, text, now)).toISOString();
}

/** The containers that are meant: `attach: false` leaves a service out unless it is named. */
function isChosen(context: CommandContext<typeof flags>, task: TaskObject): boolean {
  const { index } = context.flags;
  if (task.desired === 'remove' || (index !== undefined && task.slot !== index)) return false;
  if (context.arguments.length > 0) return context.arguments.includes(task.service);
  return task.spec.attach;
}

async function printAll(
  context: CommandContext<typeof flags>,
  { control, tasks, nodes }: ExistingStack,
  multiplexer: LogMultiplexer,
  query: LogQuery,
): Promise<number> {
  const answers = new HostAnswers({ io: context.io, nodes });
  // What a pre_start hook says is in the log of the container that waits for it.
  const chosen = selectTasks(tasks, [], { oneOffs: true }).filter(
    (task) => isChosen(context, task) && task.status.container !== null && task.hookOf === null,
  );
  const sources = chosen.flatMap((task) => [
    { task, label: containerLabel(task), source: 'container' as const },
    ...(hasHooks(task) ? [{ task, label: hookLabel(task), source: 'hooks' as const }] : []),
  ]);
  multiplexer.reserve(sources.map(({ label }) => label));
  const inputs = sources.map(({ task, label, source }) => ({
    source: multiplexer.add(label),
    frames: answers.of(task, (signal) =>
      readLog(control, task.id, { ...query, source, run: null, follow: false }, signal),
    ),
  }));
  await mergeLogs(multiplexer, inputs);
  return answers.exitCode;
}

/** Until all have ended; containers that come later are followed too, and those of a host or a daemon that was away when it is back. */
async function followAll(
  context: CommandContext<typeof flags>,
  { name, control, tasks }: ExistingStack,
  multiplexer: LogMultiplexer,
  query: LogQuery,
): Promise<void> {
  const known = new Set(tasks.map(({ id }) => id));
  const whole: LogQuery = { tail: null, since: null, until: query.until };
  const over = new AbortController();
  const connection = new SteadyConnection(context, control);
  const recovery = new LogRecovery({ io: context.io, connection, over: over.signal });
  const follower = new LogFollower({
    recovery,
    multiplexer,
    queryOf: ({ id }) => (known.has(id) ? query : whole),
    notesExitsSince: null,
    onProblem: (task, error) => {
      if (!over.signal.aborted) writeWarnings(context.io, [problemText(task, error)]);
    },
  });
  multiplexer.reserve(tasks.filter((task) => isChosen(context, task)).map(containerLabel));
  await followSteadily(connection, { stack: name, kinds: ['task', 'node'] }, undefined, (view) => {
    const chosen = view.tasks.filter((task) => isChosen(context, task) && task.hookOf === null);
    recovery.noteNodes(view.ofKind('node'), chosen);
    for (const task of chosen) follower.consider(task);
    return !chosen.some(isGoingOn);
  });
  over.abort();
  await follower.settled();
}
