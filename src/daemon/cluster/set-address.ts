import { put } from '../../manager/store/change.ts';
import { parseAddress } from '../../model/ip-range.ts';
import { formatHostPort, managerPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import type { SetAddressRequest } from '../../rpc/messages.ts';
import { connectAuthorityOf } from '../../rpc/secure-client.ts';
import { ManagerRole } from '../roles/manager-role.ts';
import type { Role } from '../roles/role.ts';
import { WorkerRole } from '../roles/worker-role.ts';
import type { Membership } from './cluster-files.ts';

/** What a host of a cluster is told when addresses have changed: its own, or that of its managers. Gives the membership to go on with. */
export async function newPlaces(
  role: Role,
  membership: Membership | null,
  request: SetAddressRequest,
): Promise<Membership> {
  if (membership === null) throw new TsstackError('conflict', 'set the address: this host is in no cluster');
  if (role instanceof WorkerRole) return workerPlaces(role, membership, request);
  if (request.manager !== '')
    throw new TsstackError('invalid', 'set the address: --manager is for workers', {
      hint: 'name the address of this manager',
    });
  if (!(role instanceof ManagerRole)) throw new TsstackError('unavailable', `set the address: ${role.status.problem}`);
  if (role.manager.members !== null || role.manager.leadership !== null)
    throw new TsstackError(
      'unsupported',
      'set the address: this is one of several managers, whose store knows it by its address',
      {
        hint: 'let it leave, and join again with the new address',
      },
    );
  return managerPlaces(role, membership, request);
}

/** Managers are who has a certificate of a manager, wherever they are. */
async function workerPlaces(
  role: WorkerRole,
  membership: Membership,
  { address, manager }: SetAddressRequest,
): Promise<Membership> {
  const managers = manager === '' ? membership.managers : [await findManager(role, parse(manager))];
  if (address === '') return { ...membership, managers };
  return { ...membership, managers, address: parseOwn(address).host, isAddressFound: false };
}

async function findManager(role: WorkerRole, place: HostPort): Promise<string> {
  const client = await connectAuthorityOf(place, role.trust);
  client.close();
  return formatHostPort(place);
}

async function managerPlaces(
  role: ManagerRole,
  membership: Membership,
  { address: text }: SetAddressRequest,
): Promise<Membership> {
  const { host: address, port } = parseOwn(text);
  const managerAddress = formatHostPort({ host: address, port: text.endsWith(`:${port}`) ? port : portOf(membership) });
  await role.manager.store.update((view) => {
    const node = view.get('node', membership.nodeId);
    return { changes: node === undefined ? [] : [put({ ...node, address, managerAddress })], result: undefined };
  });
  return { ...membership, address, managerAddress, managers: [managerAddress], isAddressFound: false };
}

function portOf({ managerAddress }: Membership): number {
  return parseHostPort(managerAddress)?.port ?? managerPort;
}

function parse(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  throw new TsstackError('invalid', `"${text}" is no ADDRESS or ADDRESS:PORT`);
}

function parseOwn(text: string): HostPort {
  const parsed = parse(text);
  if (parseAddress(parsed.host) !== undefined) return parsed;
  throw new TsstackError('invalid', `${parsed.host}: tunnels between hosts need an IP address, not a name`);
}
