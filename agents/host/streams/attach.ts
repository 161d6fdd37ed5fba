import type { TaskTable } from '../tasks/task-table.ts';
import type { RelayStream } from './relay-stream.ts';
import { pumpSession } from './session-pump.ts';
import { unlessEnded } from './unless-ended.ts';

/**
 * Joins the container's own stdio; starts it first where that is asked for, once the stream stands, so that no output is lost. Whoever
 * starts it is whom it runs for: it waits while nobody reads.
 */
export async function serveAttach(tasks: TaskTable, stream: RelayStream<'attach'>): Promise<number> {
  const worker = await tasks.arrived(stream.taskId, stream.signal);
  const { stdin, output, start, size } = stream.arguments;
  await worker.created(stream.signal);
  const { socket } = worker.host.paths.container(worker.task.id);
  const session = await unlessEnded(worker, worker.host.shims.attach(socket, { stdin, output, wait: start }));
  if (size !== null) await session.resize(size.rows, size.columns);
  if (start) worker.requestStart();
  return pumpSession(session, stream);
}
