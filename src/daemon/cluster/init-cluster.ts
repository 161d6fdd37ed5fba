import { isIPv6 } from 'node:net';
import { parseAddress } from '../../model/ip-range.ts';
import { formatHostPort, managerPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import type { NodeObject } from '../../model/objects.ts';
import { findCluster } from '../../manager/authority/cluster-object.ts';
import { createCluster } from '../../manager/authority/create-cluster.ts';
import { createRequest } from '../../manager/authority/certificates.ts';
import { certified, issueFor } from '../../manager/authority/issuer.ts';
import { put, remove } from '../../manager/store/change.ts';
import type { Store } from '../../manager/store/store.ts';
import type { InitClusterRequest } from '../../rpc/messages.ts';
import type { ManagerRole } from '../roles/manager-role.ts';
import type { ClusterFiles, Membership } from './cluster-files.ts';
import { defaultAddress } from './local-address.ts';

/** Makes a lone host the first manager of a cluster, or leaves everything as it was. */
export async function initCluster(
  role: ManagerRole,
  files: ClusterFiles,
  own: NodeObject,
  request: InitClusterRequest,
): Promise<Membership> {
  const { store } = role.manager;
  const places = await choosePlaces(request);
  const managers = [places.managerAddress];
  const membership = { role: 'manager', nodeId: own.id, clusterId: store.clusterId, ...places, managers } as const;
  await createCluster(store, request.certificateLifetimeMs, new Date());
  try {
    const { key, request: certificateRequest } = await createRequest();
    const now = new Date();
    const issue = await issueFor(
      store,
      certificateRequest,
      { id: own.id, role: 'manager', address: places.address },
      now,
    );
    files.writeIdentity(key, issue.issued);
    await role.listen(membership);
    files.writeMembership(membership);
    await nameOwnNode(store, own.id, places, (node) => certified(node, issue, now));
    return membership;
  } catch (error) {
    await role.unlisten();
    files.remove();
    await forgetCluster(store);
    throw error;
  }
}

type OwnPlaces = Pick<NodeObject, 'address' | 'managerAddress'>;

async function nameOwnNode(
  store: Store,
  id: string,
  { address, managerAddress }: OwnPlaces,
  certify: (node: NodeObject) => NodeObject,
): Promise<void> {
  await store.update((view) => {
    const node = view.get('node', id);
    const change = node === undefined ? [] : [put(certify({ ...node, role: 'manager', address, managerAddress }))];
    return { changes: change, result: undefined };
  });
}

async function forgetCluster(store: Store): Promise<void> {
  await store.update((view) => {
    const cluster = findCluster(view);
    return { changes: cluster === undefined ? [] : [remove(cluster)], result: undefined };
  });
}

async function choosePlaces({
  advertise,
  listen,
}: InitClusterRequest): Promise<OwnPlaces & Pick<Membership, 'listen' | 'isAddressFound'>> {
  const wantedListen = listen === '' ? null : parse(listen, '--listen');
  const given = advertise === '' ? null : parse(advertise, '--advertise');
  const host = given?.host ?? (await defaultAddress());
  if (parseAddress(host) === undefined)
    throw new TsstackError('invalid', `--advertise ${host}: tunnels between hosts need an IP address, not a name`);
  const port = given?.port ?? wantedListen?.port ?? managerPort;
  const everywhere = { host: isIPv6(host) ? '::' : '0.0.0.0', port };
  return {
    address: host,
    isAddressFound: given === null,
    managerAddress: formatHostPort({ host, port }),
    listen: formatHostPort(wantedListen ?? everywhere),
  };
}

function parse(text: string, flag: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  throw new TsstackError('invalid', `${flag} "${text}" is no ADDRESS or ADDRESS:PORT`);
}
