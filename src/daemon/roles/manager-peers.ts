import { hostname } from 'node:os';
import type { ManagerContact } from '../../manager/leadership/leadership.ts';
import type { ManagerPeers } from '../../manager/leadership/several-managers.ts';
import { TsstackError } from '../../model/errors.ts';
import { parseHostPort, type HostPort } from '../../model/host-port.ts';
import { connectAuthorityOf, connectControlOf, type Trust } from '../../rpc/secure-client.ts';
import type { Membership } from '../cluster/cluster-files.ts';

/** Time to reach another manager: shorter than its lease, so that one that is gone is not waited for. */
const connectTimeoutMs = 2000;

/** How the manager of this host reaches the others. */
export function peersOf({ managerAddress }: Membership, trust: () => Trust): ManagerPeers {
  return {
    self: { name: hostname(), address: managerAddress },
    connectControl: async (manager, signal) =>
      connectControlOf(addressOf(manager), trust(), { signal, connectTimeoutMs }),
    connectAuthority: async (manager, signal) =>
      connectAuthorityOf(addressOf(manager), trust(), { signal, connectTimeoutMs }),
  };
}

/** Where the manager listens. */
export function addressOf({ name, address }: ManagerContact): HostPort {
  const parsed = parseHostPort(address);
  if (parsed !== undefined) return parsed;
  throw new TsstackError('internal', `"${address}" is no address of the manager ${name}`);
}
