import type { Event, EventsRequest } from '../../rpc/messages.ts';
import { isCut, SteadyConnection } from '../connection/steady-connection.ts';
import { defineVerb, type CommandContext } from '../command-line/verb.ts';
import { readTime } from '../command-line/read-time.ts';
import { HostAnswers } from '../nodes/host-answers.ts';
import { writeOutput } from '../output/write-output.ts';
import { writeWarnings } from '../output/write-warnings.ts';
import { openStack } from '../project/existing-stack.ts';
import { followSteadily } from '../tasks/follow-steadily.ts';

const flags = {
  json: { type: 'boolean', help: 'One JSON object for each event' },
  since: { type: 'string', value: 'TIME', help: 'Begin with what happened then' },
  until: { type: 'string', value: 'TIME', help: 'End then' },
} as const;

/** `tsstack events` */
export const events = defineVerb({ name: 'events', usage: '[SERVICE...]', arity: [0, null], flags, run });

async function run(context: CommandContext<typeof flags>): Promise<number> {
  const { since, until, json } = context.flags;
  const now = Date.now();
  const sinceMs = since === undefined ? 0 : Math.floor(readTime('--since', since, now));
  const untilMs = until === undefined ? 0 : Math.floor(readTime('--until', until, now));
  const services = context.arguments;
  const { name, control, tasks, nodes } = await openStack(context, services);
  const over = new AbortController();
  const connection = new SteadyConnection(context, control);
  const answers = new HostAnswers({ io: context.io, nodes });
  answers.noteLostHosts(tasks, nodes.values());
  const watching = followSteadily(connection, { stack: name, kinds: ['task', 'node'] }, over.signal, (view) => {
    answers.noteLostHosts(view.tasks, view.ofKind('node'));
    return false;
  });
  // It ends with the command, or as the stream of events does.
  watching.catch(() => undefined);
  try {
    for await (const event of readEvents(context, connection, { stack: name, services, sinceMs, untilMs })) {
      await writeOutput(context.io.stdout, `${json ? eventJson(event) : eventText(event)}\n`);
    }
  } finally {
    over.abort();
  }
  return 0;
}

/** Events over the end of a daemon, which remembers none of those before it: the gap is told. */
async function* readEvents(
  { io }: Pick<CommandContext, 'io'>,
  connection: SteadyConnection,
  request: EventsRequest,
): AsyncGenerator<Event, void> {
  for (let { sinceMs } = request; ; sinceMs = 0) {
    const { control } = connection;
    try {
      return yield* control.events({ ...request, sinceMs });
    } catch (error) {
      if (!isCut(error)) throw error;
      const endedAt = new Date().toISOString();
      await connection.restored(control, error);
      writeWarnings(io, [`what happened from ${endedAt} to ${new Date().toISOString()} is not known`]);
    }
  }
}

function eventJson(event: Event): string {
  const { type, service, id, action } = event;
  return JSON.stringify({ time: jsonTime(event), type, service, id, action, attributes: ownAttributes(event) });
}

/** `2026-11-21 04:00:00.123456 container start ID (image=redis, name=p-web-1)`. */
function eventText(event: Event): string {
  const attributes = Object.entries(ownAttributes(event)).map(([name, value]) => `${name}=${value}`);
  return `${timeText(event)} ${event.type} ${event.action} ${event.id} (${attributes.join(', ')})`;
}

/** Labels of the tool itself are no news. */
function ownAttributes({ attributes }: Event): Readonly<Record<string, string>> {
  const entries = Object.entries(attributes).filter(([name]) => !name.startsWith('com.docker.compose.'));
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** In the zone of who reads it, as `--since` takes it back. */
function timeText(event: Event): string {
  const date = new Date(event.timeNs / 1e6);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return `${local.toISOString().slice(0, 19).replace('T', ' ')}.${microsOf(event)}`;
}

/** For programs: with its zone. */
function jsonTime(event: Event): string {
  return `${new Date(event.timeNs / 1e6).toISOString().slice(0, 19)}.${microsOf(event)}Z`;
}

function microsOf({ timeNs }: Event): string {
  return String(Math.floor((timeNs % 1e9) / 1000)).padStart(6, '0');
}
