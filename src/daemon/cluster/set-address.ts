import { put } from '../../manager/store/change.ts';
import { parseAddress } from '../../model/ip-range.ts';
import { formatHostPort, managerPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';
import type { SetAddressRequest } from '../../rpc/messages.ts';
import { connectAuthorityOf } from '../../rpc/secure-client.ts';
import type { RoleHolder } from '../host-service.ts';
import { ManagerRole } from '../roles/manager-role.ts';
import type { RoleContext } from '../roles/role.ts';
import { WorkerRole } from '../roles/worker-role.ts';
import type { Membership } from './cluster-files.ts';
import { takeAddress } from './take-role.ts';

/** A host of a cluster is told that addresses have changed: its own, or that of its managers. Gives the membership that it goes on with. */
export async function setAddress(
  holder: RoleHolder,
  context: RoleContext,
  request: SetAddressRequest,
): Promise<Membership> {
  const { role } = holder;
  const membership = context.files.readMembership();
  if (membership === null) throw new TsstackError('conflict', 'set the address: this host is in no cluster');
  if (role instanceof WorkerRole) return goOnWith(await workerPlaces(role, membership, request), holder, context);
  if (request.manager !== '')
    throw new TsstackError('invalid', 'set the address: --manager is for workers', {
      hint: 'name the address of this manager',
    });
  const moved = managerPlaces(membership, request);
  // Of several: the others have to know it, and its certificate names the address.
  if (!(role instanceof ManagerRole) || role.manager.leadership !== null) return takeAddress(holder, context, moved);
  await writeAddress(role, moved);
  return goOnWith({ ...moved, managers: [moved.managerAddress] }, holder, context);
}

async function goOnWith(membership: Membership, holder: RoleHolder, { files }: RoleContext): Promise<Membership> {
  await holder.become(() => Promise.resolve(files.writeMembership(membership)));
  return membership;
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

function managerPlaces(membership: Membership, { address: text }: SetAddressRequest): Membership {
  const { host: address, port } = parseOwn(text);
  const managerAddress = formatHostPort({ host: address, port: text.endsWith(`:${port}`) ? port : portOf(membership) });
  const listen = parse(membership.listen);
  // One that was told to listen there alone listens at the new address alone.
  const host = listen.host === membership.address ? address : listen.host;
  const moved = { address, managerAddress, listen: formatHostPort({ ...listen, host }), isAddressFound: false };
  return { ...membership, ...moved };
}

async function writeAddress({ manager }: ManagerRole, { nodeId, address, managerAddress }: Membership): Promise<void> {
  await manager.store.update((view) => {
    const node = view.get('node', nodeId);
    return { changes: node === undefined ? [] : [put({ ...node, address, managerAddress })], result: undefined };
  });
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
