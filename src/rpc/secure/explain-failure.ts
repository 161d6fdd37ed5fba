import { connect } from 'node:tls';
import { TsstackError } from '../../model/errors.ts';
import type { HostPort } from '../../model/host-port.ts';
import { formatHostPort } from '../../model/host-port.ts';
import { tlsOptions, type Trust } from './trust.ts';

const clocks = 'compare the clocks of the two hosts';
const stranger = 'is there another cluster at that address?';

/** What the codes of connections and of OpenSSL mean, and what to do. */
const meanings: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ECONNREFUSED: ['nobody listens there', 'check the address, and that the daemon of the manager runs'],
  EHOSTUNREACH: ['there is no such host, or no way to it', 'check the address and the network'],
  ENETUNREACH: ['there is no way to that network', 'check the address and the network'],
  ENOTFOUND: ['the name has no address', 'check the name'],
  EAI_AGAIN: ['no name server says what address the name has', 'check the name, or write an address'],
  ETIMEDOUT: ['no answer in time', 'check the address, the network and firewalls'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', clocks],
  CERT_HAS_EXPIRED: ['its certificate has expired', clocks],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is of an authority that does not count here', stranger],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is of an authority that does not count here', stranger],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is of an authority that does not count here', stranger],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is of an authority that does not count here', stranger],
  CERT_SIGNATURE_FAILURE: ['its certificate is of an authority that does not count here', stranger],
};

/** Finds out why a manager cannot be reached, in the time that is left: grpc-js says only that it cannot. */
export async function explainFailure(to: HostPort, trust: Trust, leftMs: number): Promise<TsstackError> {
  const problem = leftMs > 0 ? await handshake(to, trust, leftMs) : noAnswer();
  const [reason, hint] = meanings[problem?.code ?? ''] ?? [problem?.message ?? 'the connection broke', stranger];
  const code = problem instanceof TsstackError ? problem.code : 'unavailable';
  return new TsstackError(code, `connect to ${formatHostPort(to)}: ${reason}`, {
    hint,
    retryable: true,
    ...(problem === null ? {} : { cause: problem }),
  });
}

/** The error of one attempt; null when it worked. */
function handshake(
  to: HostPort,
  trust: Trust,
  timeoutMs: number,
): Promise<(Error & { readonly code?: string }) | null> {
  return new Promise((resolve) => {
    const socket = connect({ ...tlsOptions(trust), ...to, timeout: timeoutMs });
    const settle = (error: (Error & { readonly code?: string }) | null): void => {
      socket.destroy();
      resolve(error);
    };
    socket.once('secureConnect', () => settle(null));
    socket.once('timeout', () => settle(noAnswer()));
    socket.once('error', settle);
  });
}

function noAnswer(): Error & { readonly code: string } {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}
