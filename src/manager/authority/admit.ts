/** What is checked of a host before it becomes a node. Pure. */
import { parseAddress } from '../../model/ip-range.ts';
import { TsstackError } from '../../model/errors.ts';
import { ClaimedError, InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';
import { getCluster, type ClusterSecrets, type NodeRole } from './cluster-object.ts';
import { signerOf } from './issuer.ts';
import { authorityDigest, isSameSecret, parseToken } from './join-token.ts';

/** The role that a token gives; throws when it gives none. */
export function roleOfToken(view: StoreView, { joinSecrets }: ClusterSecrets, text: string): NodeRole {
  const { authority, secret } = parseToken(text);
  const hint = 'get the current one with `tsstack cluster token worker` on a manager';
  if (authority !== authorityDigest(signerOf(getCluster(view))))
    throw new TsstackError('permission', 'the token is of another cluster, or of an authority that was replaced', {
      hint,
    });
  for (const role of ['worker', 'manager'] as const) if (isSameSecret(secret, joinSecrets[role])) return role;
  throw new TsstackError('permission', 'the token is not good: it has been rotated, or was not copied as it is', {
    hint,
  });
}

/** Throws unless the address can be the node's alone; `own` is the id of a node that has one already. */
export function checkAddress(view: StoreView, address: string, own?: string): void {
  if (parseAddress(address) === undefined)
    throw new InvalidRequestError(`advertise ${address}: it is no IP address`, { hint: 'choose one with --advertise' });
  const owner = view.all('node').find((node) => node.id !== own && node.address === address && node.state === 'ready');
  if (owner === undefined) return;
  throw new ClaimedError(`advertise ${address}: that is the address of node ${owner.hostname}`, {
    hint: 'choose another one with --advertise: one by which the other nodes reach this host',
  });
}

/** What the operator should know of a host of that name. */
export function nameWarnings(view: StoreView, hostname: string): readonly string[] {
  const others = view.named('node', hostname);
  if (others.length === 0) return [];
  return [`there is already a node called ${hostname}: \`tsstack node ls\` tells them apart by their ids`];
}
