import type { Client } from '@grpc/grpc-js';
import { TsstackError } from '../../model/errors.ts';

/** Time to reach a server, unless its caller says otherwise. */
export const defaultConnectTimeoutMs = 5000;

export interface ConnectOptions {
  /** Time to reach the server. Default 5 s. */
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

// connectivityState of grpc-js, whose enum would have to be loaded to be named.
const ready = 2;
const transientFailure = 3;

/** Resolves when the channel is connected; the first refused attempt is the answer: callers that wait have their own backoff. */
export async function waitUntilReady(client: Client, address: string, options: ConnectOptions): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + (options.connectTimeoutMs ?? defaultConnectTimeoutMs);
  let state = channel.getConnectivityState(true);
  while (state !== ready) {
    if (state === transientFailure) throw unreachable('unavailable', address, 'nobody answers');
    await stateChange(channel, state, deadline, address, options.signal);
    state = channel.getConnectivityState(true);
  }
}

function stateChange(
  channel: ReturnType<Client['getChannel']>,
  from: number,
  deadline: number,
  address: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new TsstackError('canceled', `connect to ${address}: canceled`));
    signal?.addEventListener('abort', onAbort, { once: true });
    channel.watchConnectivityState(from, deadline, (error) => {
      signal?.removeEventListener('abort', onAbort);
      if (error === undefined) resolve();
      else reject(unreachable('timeout', address, 'no answer in time'));
    });
  });
}

/** The error of who cannot be connected. */
export function unreachable(code: 'unavailable' | 'timeout', address: string, reason: string): TsstackError {
  return new TsstackError(code, `connect to ${address}: ${reason}`, {
    retryable: true,
    hint:
      code === 'timeout'
        ? 'what listens there is stopped or hangs, or is no tsstack daemon'
        : 'start the daemon with `tsstack daemon`, or check the address',
  });
}
