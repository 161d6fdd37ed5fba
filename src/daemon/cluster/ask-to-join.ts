import { isIPv6 } from 'node:net';
import { backdatedMs, createRequest } from '../../manager/authority/certificates.ts';
import { authorityDigest, parseToken } from '../../manager/authority/join-token.ts';
import { formatHostPort, managerPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import type { NodeDescription } from '../../model/objects.ts';
import type { GetAuthorityResponse, JoinClusterRequest, JoinResponse } from '../../rpc/messages.ts';
import { connectAuthorityOf, type Trust } from '../../rpc/secure-client.ts';
import type { AuthorityClient } from '../../rpc/service-types.ts';
import { delay } from '../../../agents/host/abortable.ts';
import { findProgram } from '../../../agents/host/find-runtime.ts';
import { addressTowards } from './local-address.ts';

/** Part of the hour by which certificates are backdated that the clocks of two hosts may differ, so that there is room for more hosts. */
const tolerance = 0.5;

/** How long a manager may take to be ready for this host. */
const insistenceMs = 60_000;

/** A node that a cluster has taken in. */
export interface Admission extends JoinResponse {
  /** PEM of the key that was certified. */
  readonly key: string;
  /** That the node advertises. */
  readonly address: string;
  /** Nobody has named it. */
  readonly isAddressFound: boolean;
  /** ADDRESS:PORT where it listens, and where others reach it, if it is a manager. */
  readonly listen: string;
  readonly managerAddress: string;
}

/** Asks a manager to take this host in. It learns the secret of the token only when it has shown to be of the token's authority. */
export async function askToJoin(request: JoinClusterRequest, description: NodeDescription): Promise<Admission> {
  const token = parseToken(request.token);
  const manager = parseHostPort(request.manager);
  if (manager === undefined) throw new TsstackError('invalid', `"${request.manager}" is no ADDRESS or ADDRESS:PORT`);
  const authority = await ask(manager, { authorities: null, identity: null }, (client) => client.getAuthority({}));
  if (authorityDigest(authority.certificate) !== token.authority) throw foreignAuthority(manager);
  checkClock(authority, manager);
  const address = request.advertise === '' ? await ownAddress(manager) : request.advertise;
  const { key, request: certificateRequest } = await createRequest();
  const trust = { authorities: authority.certificate, identity: null };
  const listen = chooseListen(request.listen, address);
  const managerAddress = formatHostPort({ host: address, port: listen.port });
  const place = { address, managerAddress };
  const hasEtcd = findProgram('etcd', process.env['PATH'] ?? '') !== undefined;
  const said = {
    token: request.token,
    certificateRequest,
    description: JSON.stringify(description),
    hasEtcd,
    ...place,
  };
  const response = await insist(() => ask(manager, trust, (client) => client.join(said)));
  const isAddressFound = request.advertise === '';
  return { ...response, ...place, isAddressFound, key, listen: formatHostPort(listen) };
}

function chooseListen(text: string, address: string): HostPort {
  if (text === '') return { host: isIPv6(address) ? '::' : '0.0.0.0', port: managerPort };
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  throw new TsstackError('invalid', `--listen "${text}" is no ADDRESS or ADDRESS:PORT`);
}

/**
 * Asks again while the managers are about to be ready for this host: they move their store, or elect a leader. Only the first failure has to say so:
 * on the way there they cannot be reached for a moment.
 */
async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + insistenceMs;
  const signal = AbortSignal.timeout(insistenceMs);
  for (let pauseMs = 250, isAwaited = false; ; pauseMs = Math.min(pauseMs * 2, 2000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TsstackError) || error.code !== 'unavailable') throw error;
      isAwaited ||= error.retryable;
      if (!isAwaited || performance.now() + pauseMs > deadline) throw error;
      await delay(pauseMs, signal);
    }
  }
}

async function ask<T>(manager: HostPort, trust: Trust, call: (client: AuthorityClient) => Promise<T>): Promise<T> {
  const client = await connectAuthorityOf(manager, trust);
  try {
    return await call(client);
  } finally {
    client.close();
  }
}

function foreignAuthority(manager: HostPort): TsstackError {
  const at = formatHostPort(manager);
  return new TsstackError(
    'permission',
    `join the cluster: the authority of ${at} is not the one that the token names`,
    {
      hint: 'the token is of another cluster, damaged, or older than a rotation of the authority; nothing of it was sent',
    },
  );
}

function checkClock({ timeMs }: GetAuthorityResponse, manager: HostPort): void {
  const aheadMs = Date.now() - timeMs;
  if (Math.abs(aheadMs) < backdatedMs * tolerance) return;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const direction = aheadMs > 0 ? 'ahead of' : 'behind';
  const own = new Date().toISOString();
  throw new TsstackError(
    'conflict',
    `join the cluster: the clock of this host (${own}) is ${minutes} minutes ${direction} that of ${formatHostPort(manager)} (${new Date(timeMs).toISOString()})`,
    { hint: 'set the clocks: certificates are good for a certain time only' },
  );
}

async function ownAddress(manager: HostPort): Promise<string> {
  const address = await addressTowards(manager.host);
  if (address !== undefined) return address;
  throw new TsstackError(
    'unavailable',
    `join the cluster: this host has no address from which it reaches ${manager.host}`,
    {
      hint: 'name one with --advertise ADDRESS',
    },
  );
}
