import { TsstackError } from '../../model/errors.ts';
import type { DispatcherClient } from '../../rpc/service-types.ts';

/** Time for a manager to answer before the next one is asked as well, in ms: much longer than a connection takes in a data centre, and short for one that is lost. */
const patienceMs = 500;

/** A manager as somebody to ask. */
export type Oracle = Pick<DispatcherClient, 'watchLeader' | 'close'>;

/** Whom to ask, and of whom they are to tell. */
export interface LeaderQuestion {
  /** In the order in which they are asked. */
  readonly managers: readonly string[];
  /** The one that led. */
  readonly lost: string;
  readonly connect: (manager: string, signal: AbortSignal) => Promise<Oracle>;
}

/**
 * Who leads, as soon as that is another one than before. One manager is asked after the other until one answers, which is then listened to for as
 * long as it does. Rejects when none can tell.
 */
export async function findOtherLeader(question: LeaderQuestion, signal: AbortSignal): Promise<string> {
  const done = new AbortController();
  const scope = AbortSignal.any([signal, done.signal]);
  const asked: Promise<string>[] = [];
  try {
    for (const manager of question.managers) {
      scope.throwIfAborted();
      const next = Promise.withResolvers<null>();
      const timer = setTimeout(() => next.resolve(null), patienceMs);
      const asking = ask(manager, question, () => clearTimeout(timer), scope);
      asking.catch(() => next.resolve(null));
      asked.push(asking);
      const found = await Promise.race([...asked.map(unlessItFails), next.promise]);
      clearTimeout(timer);
      if (found !== null) return found;
    }
    return await Promise.any(asked);
  } catch (error) {
    throw new TsstackError('unavailable', 'no other manager says who leads', { retryable: true, cause: error });
  } finally {
    done.abort();
  }
}

/** Never settles when it fails: the next one is asked then. */
function unlessItFails(asking: Promise<string>): Promise<string> {
  return new Promise((resolve) => void asking.then(resolve, () => undefined));
}

async function ask(
  manager: string,
  { lost, connect }: LeaderQuestion,
  onAnswer: () => void,
  signal: AbortSignal,
): Promise<string> {
  const client = await connect(manager, signal);
  try {
    for await (const { address } of client.watchLeader({}, { signal })) {
      onAnswer();
      if (address !== '' && address !== lost) return address;
    }
    throw new TsstackError('unavailable', `manager ${manager} says no more who leads`, { retryable: true });
  } finally {
    client.close();
  }
}
