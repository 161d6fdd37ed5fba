import { TsstackError } from '../../../src/model/errors.ts';
import type { DispatcherClient } from '../../../src/rpc/service-types.ts';
import { abortable, delay } from '../abortable.ts';

/** So long an answer may take, in ms (semantics.md, section 2). */
const answerMs = 5000;

/** Tells the manager again and again that the node is alive. Ends with the session; rejects when there is no answer in time. */
export async function sendHeartbeats(
  client: Pick<DispatcherClient, 'heartbeat'>,
  sessionId: string,
  signal: AbortSignal,
): Promise<void> {
  const stream = client.heartbeat({ signal });
  try {
    const answers = stream[Symbol.asyncIterator]();
    while (!signal.aborted) {
      const answer = await inTime(stream.write({ sessionId }).then(() => answers.next()));
      if (answer.done === true) return;
      await delay(answer.value.periodMs, signal);
    }
  } finally {
    stream.cancel();
  }
}

async function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = new AbortController();
  const error = new TsstackError('timeout', `the manager did not answer a heartbeat within ${answerMs} ms`);
  const timer = setTimeout(() => late.abort(error), answerMs);
  try {
    return await abortable(answer, late.signal);
  } finally {
    clearTimeout(timer);
  }
}
