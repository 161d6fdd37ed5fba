import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import type { Frame } from '../../../src/rpc/messages.ts';
import { readLogs } from '../logs/read-logs.ts';
import type { TaskTable } from '../tasks/task-table.ts';
import type { RelayStream } from './relay-stream.ts';

const compress = promisify(zstdCompress);

/** Below it there is little to gain. */
const minPackedBytes = 64 * 1024;

/** Of the fast levels the one that still makes a tenth of usual logs. One chunk takes the result: putting small ones together costs more than packing. */
const packing = { chunkSize: 256 * 1024, params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Sends a container's log. What there is much of is compressed: between processes and hosts it would take longer than that. */
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
  for await (const records of readLogs(path, { tail, since, until, followUntil }, stream.signal)) {
    await stream.write(await frameOf(records));
  }
  return 0;
}

async function frameOf(records: Buffer): Promise<Frame> {
  if (records.length < minPackedBytes) return { content: 'stdout', stdout: records };
  return { content: 'packedStdout', packedStdout: await compress(records, packing) };
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) < Date.parse(other) ? one : other;
}
