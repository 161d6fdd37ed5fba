import { problemOf } from '../../rpc/error-mapping.ts';
import type { ReportRequest, ReportResponse, TaskStatusUpdate } from '../../rpc/messages.ts';
import type { DuplexStream } from '../../rpc/service-types.ts';
import { heartbeatPeriodMs } from './sessions.ts';

/** Who is told what agents say on their streams. */
export interface ReportSink {
  /** Somebody speaks for that session: gives its node, or throws when the session is over or is not theirs. */
  hear(sessionId: string): string;
  /** Resolves when the updates are stored. Rejects with code `permission` or `invalid` when all but those that the error is about are. */
  store(nodeId: string, updates: readonly TaskStatusUpdate[]): Promise<void>;
}

/**
 * The manager's end of an agent's stream of heartbeats and states. A heartbeat is answered at once, however long a batch takes to be stored, so that
 * a slow store makes no node look lost. The batch after one that is not answered yet is not read on past: an agent that sends without waiting holds up
 * nobody but itself.
 */
export async function serveReports(
  stream: DuplexStream<ReportResponse, ReportRequest>,
  sink: ReportSink,
): Promise<void> {
  let answered = Promise.resolve();
  for await (const { sessionId, batch, updates } of stream) {
    const nodeId = sink.hear(sessionId);
    if (batch === 0) {
      await stream.write({ periodMs: heartbeatPeriodMs, batch, problem: null });
      continue;
    }
    await answered;
    answered = storeBatch(stream, batch, sink.store(nodeId, updates));
  }
  await answered;
}

/** Answers when it is known what has become of the batch. Never rejects: why nobody can be told any more, who reads the stream hears. */
async function storeBatch(
  stream: DuplexStream<ReportResponse, ReportRequest>,
  batch: number,
  stored: Promise<void>,
): Promise<void> {
  const problem = await stored.then(() => null, problemOf);
  await stream.write({ periodMs: heartbeatPeriodMs, batch, problem }).catch(() => undefined);
}
