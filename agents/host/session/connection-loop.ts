import { delay } from '../abortable.ts';
import { describeError } from '../errors.ts';
import { Backoff } from '../backoff.ts';
import { runSession } from './manager-session.ts';
import type { SessionOptions } from './manager-session.ts';

export interface ConnectionOptions extends Omit<SessionOptions, 'client'> {
  readonly log: (message: string) => void;
  /** For streams that are not part of the session. */
  readonly onConnected: (client: SessionOptions['client']) => void;
  /** The connection is over. */
  readonly onLost: () => void;
}

/** Keeps a session with the manager for as long as the signal lets it; containers do not notice when there is none. */
export async function keepConnected(options: ConnectionOptions, signal: AbortSignal): Promise<void> {
  const backoff = new Backoff();
  let lastProblem = '';
  const onOpen = (sessionId: string): void => {
    backoff.reset();
    lastProblem = '';
    options.managers.onSession(null);
    options.onOpen(sessionId);
  };
  while (!signal.aborted) {
    const problem = await connectOnce({ ...options, onOpen }, signal).then(
      () => 'the manager ended the session',
      describe,
    );
    if (signal.aborted) return;
    options.managers.onSession(problem);
    // The same problem again and again is said once.
    if (problem !== lastProblem) options.log(problem);
    lastProblem = problem;
    await delay(backoff.next(), signal);
  }
}

async function connectOnce(options: ConnectionOptions, signal: AbortSignal): Promise<void> {
  const client = await options.managers.connect(signal);
  try {
    options.onConnected(client);
    await runSession({ ...options, client }, signal);
  } finally {
    options.onLost();
    client.close();
  }
}

function describe(error: unknown): string {
  const { message, hint } = describeError(error);
  return hint === null ? message : `${message} (${hint})`;
}
