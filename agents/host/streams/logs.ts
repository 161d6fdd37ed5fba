import { readLogs } from '../logs/read-logs.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { RelayStream } from './relay-stream.ts';

/** Sends a container's log. */
export async function serveLogs(tasks: TaskTable, stream: RelayStream<'logs'>): Promise<number> {
  const worker = tasks.get(stream.taskId);
  const { tail, since, until, follow } = stream.arguments;
  const followUntil = follow ? AbortSignal.any([worker.runEnded, worker.ended]) : null;
  const { log } = worker.host.paths.container(worker.task.id);
  for await (const stdout of readLogs(log, { tail, since, until, followUntil }, stream.signal)) {
    await stream.write({ content: 'stdout', stdout });
  }
  return 0;
}
