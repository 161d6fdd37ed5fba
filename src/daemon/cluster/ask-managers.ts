import { delay } from '../../../agents/host/abortable.ts';
import { TsstackError } from '../../model/errors.ts';
import { parseHostPort, type HostPort } from '../../model/host-port.ts';
import { connectAuthorityOf, type Trust } from '../../rpc/secure-client.ts';
import type { AuthorityClient } from '../../rpc/service-types.ts';

/** How long a manager may take to be ready for what it is asked. */
const insistenceMs = 60_000;

/**
 * Pauses between two attempts, from the first one on, doubled up to the longest. Nothing could announce that a manager is ready: meanwhile its store
 * moves, or nobody leads, and every connection that could tell ends with the role of the one at its other end.
 */
const firstPauseMs = 250;
const longestPauseMs = 2000;

/** Asks the authority of one manager. */
export async function askManager<T>(
  manager: HostPort,
  trust: Trust,
  call: (client: AuthorityClient) => Promise<T>,
): Promise<T> {
  const client = await connectAuthorityOf(manager, trust);
  try {
    return await call(client);
  } finally {
    client.close();
  }
}

/** Asks managers one after the other for what only the one that leads can do; rejects with what was said last when none does. */
export async function askLeader<T>(
  managers: readonly string[],
  trust: Trust,
  call: (client: AuthorityClient) => Promise<T>,
): Promise<T> {
  let answer: unknown;
  let silence: unknown = new TsstackError('unavailable', 'no manager is known that could be asked');
  for (const place of managers.flatMap((address) => parseHostPort(address) ?? [])) {
    const client = await connectAuthorityOf(place, trust).catch((error: unknown) => void (silence = error));
    if (client === undefined) continue;
    try {
      return await call(client);
    } catch (error) {
      if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
      answer = error;
    } finally {
      client.close();
    }
  }
  throw answer ?? silence;
}

/**
 * Asks again while the managers are about to be ready for this host: they move their store, or elect a leader. Where `isAwaited` is not given, the
 * first failure has to say so: on the way there they cannot be reached for a moment.
 */
export async function insist<T>(attempt: () => Promise<T>, isAwaited = false): Promise<T> {
  const deadline = performance.now() + insistenceMs;
  const signal = AbortSignal.timeout(insistenceMs);
  for (let pauseMs = firstPauseMs, mayWait = isAwaited; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TsstackError)) throw error;
      mayWait ||= error.code === 'unavailable' && error.retryable;
      const isAwaitable = error.code === 'unavailable' ? mayWait : error.retryable;
      if (!isAwaitable || performance.now() + pauseMs > deadline) throw error;
      await delay(pauseMs, signal);
    }
  }
}
