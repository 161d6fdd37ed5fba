import { authorityMethods, controlMethods } from '../../rpc/generated/contract.ts';
import type { AuthorityClient, AuthorityHandlers, ControlClient, ControlHandlers } from '../../rpc/service-types.ts';
import type { Store } from '../store/store.ts';
import { LeaderLink } from './leader-link.ts';
import type { Leadership, ManagerContact } from './leadership.ts';
import { serveByLeader, type Places } from './serve-by-leader.ts';

/** How managers of a cluster reach each other. */
export interface ManagerPeers {
  readonly self: ManagerContact;
  readonly connectControl: (manager: ManagerContact, signal: AbortSignal) => Promise<ControlClient>;
  readonly connectAuthority: (manager: ManagerContact, signal: AbortSignal) => Promise<AuthorityClient>;
}

/** What a manager serves for people and for hosts that join. */
export interface Services {
  readonly control: ControlHandlers;
  readonly authority: AuthorityHandlers;
}

/** getInfo is about this daemon. */
const controlPlaces: Places = {
  here: new Set(['getInfo']),
  hereIfNeeded: new Set(['listObjects', 'watch', 'events']),
};

/** leave, renew and takeRole are about the node whose certificate is shown here: it has to go to the leader itself, and is told so by the store. */
const authorityPlaces: Places = {
  here: new Set(['getAuthority', 'getJoinToken', 'leave', 'renew', 'takeRole']),
  hereIfNeeded: new Set(),
};

/** The services of one of several managers: the leader answers, whoever was asked. */
export function serveForAll(
  { control, authority }: Services,
  store: Store,
  leadership: Leadership,
  { self, connectControl, connectAuthority }: ManagerPeers,
): Services {
  const toControl = new LeaderLink({ leadership, store, self, connect: connectControl });
  const toAuthority = new LeaderLink({ leadership, store, self, connect: connectAuthority });
  return {
    control: serveByLeader(controlMethods, control, toControl, controlPlaces),
    authority: serveByLeader(authorityMethods, authority, toAuthority, authorityPlaces),
  };
}
