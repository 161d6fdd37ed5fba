import { backdatedMs, createRequest } from '../../manager/authority/certificates.ts';
import { authorityDigest, parseToken } from '../../manager/authority/join-token.ts';
import { formatHostPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import type { NodeDescription } from '../../model/objects.ts';
import type { GetAuthorityResponse, JoinClusterRequest, JoinResponse } from '../../rpc/messages.ts';
import { findProgram } from '../../../agents/host/find-runtime.ts';
import { askManager, insist } from './ask-managers.ts';
import { chooseListen } from './choose-listen.ts';
import { addressTowards } from './local-address.ts';

/** Part of the hour by which certificates are backdated that the clocks of two hosts may differ, so that there is room for more hosts. */
const tolerance = 0.5;

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
  const authority = await askManager(manager, { authorities: null, identity: null }, (client) =>
    client.getAuthority({}),
  );
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
  const response = await insist(() => askManager(manager, trust, (client) => client.join(said)));
  const isAddressFound = request.advertise === '';
  return { ...response, ...place, isAddressFound, key, listen: formatHostPort(listen) };
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
