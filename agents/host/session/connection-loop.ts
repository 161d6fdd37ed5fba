import { TsstackError } from '../../../src/model/errors.ts';
import { delay } from '../abortable.ts';
import { describeError } from '../errors.ts';
import { Backoff } from '../backoff.ts';
import { LeaderSearch } from './leader-search.ts';
import { runSession } from './manager-session.ts';
import type { SessionOptions } from './manager-session.ts';

export interface ConnectionOptions extends Omit<SessionOptions, 'client' | 'search'> {
  readonly log: (message: string) => void;
  /** For streams that are not part of the session. */
  readonly onConnected: (client: SessionOptions['client']) => void;
  /** The connection is over. */
  readonly onLost: () => void;
}

/** Keeps a session with the manager for as long as the signal lets it; containers do not notice when there is none. */
export async function keepConnected(options: ConnectionOptions, signal: AbortSignal): Promise<void> {
  const search = new LeaderSearch(options.managers);
  try {
    await connectAgainAndAgain(options, search, signal);
  } finally {
    search.answered();
  }
}

async function connectAgainAndAgain(
  options: ConnectionOptions,
  search: LeaderSearch,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff();
  let lastProblem = '';
  let isLed = false;
  const onOpen = (sessionId: string): void => {
    backoff.reset();
    lastProblem = '';
    options.managers.onSession(null);
    options.onOpen(sessionId);
  };
  const tell = (problem: string): void => {
    options.managers.onSession(problem);
    // The same problem again and again is said once.
    if (problem !== lastProblem) options.log(problem);
    lastProblem = problem;
  };
  while (!signal.aborted) {
    const moved = search.begin();
    const scope = AbortSignal.any([signal, moved]);
    const failure = await connectOnce({ ...options, onOpen }, search, scope).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    if (signal.aborted) return;
    if (moved.aborted) tell('another manager leads by now');
    else {
      // Who leads is asked at once; if that one does not either, they are about to elect one.
      isLed = !isLed && failure !== null && leadsElsewhere(failure.error, options.managers);
      if (isLed) continue;
      search.doubt();
      tell(failure === null ? 'the manager ended the session' : describe(failure.error));
      await delay(backoff.next(), scope);
    }
    if (moved.aborted) backoff.reset();
  }
}

async function connectOnce(options: ConnectionOptions, search: LeaderSearch, signal: AbortSignal): Promise<void> {
  const client = await options.managers.connect(signal);
  try {
    options.onConnected(client);
    await runSession({ ...options, client, search }, signal);
  } finally {
    options.onLost();
    client.close();
  }
}

function leadsElsewhere(error: unknown, managers: ConnectionOptions['managers']): boolean {
  return error instanceof TsstackError && error.askInstead !== undefined && managers.goTo(error.askInstead);
}

function describe(error: unknown): string {
  const { message, hint } = describeError(error);
  return hint === null ? message : `${message} (${hint})`;
}
