import { existsSync } from 'node:fs';
import { readLogs } from '../logs/read-logs.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { RelayStream } from './relay-stream.ts';

/** Sends a container's log. */
export async function serveLogs(tasks: TaskTable, stream: RelayStream<'logs'>): Promise<number> {
  const worker = await tasks.arrived(stream.taskId, stream.signal);
  const { run, tail, since, follow } = stream.arguments;
  const followUntil = follow ? AbortSignal.any([worker.runEnded, worker.ended]) : null;
  const until = earlier(stream.arguments.until, run === null ? null : worker.endOf(run));
  // A container that is still being made will have something to say; one that cannot be made has not.
  if (follow) await worker.created(stream.signal).catch(() => undefined);
  const { log, hookLog, logDirectory } = worker.host.paths.container(worker.task.id);
  if (!existsSync(logDirectory)) return 0;
  const path = stream.arguments.source === 'hooks' ? hookLog : log;
  for await (const stdout of readLogs(path, { tail, since, until, followUntil }, stream.signal)) {
    await stream.write({ content: 'stdout', stdout });
  }
  return 0;
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) < Date.parse(other) ? one : other;
}
