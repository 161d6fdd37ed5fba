import type { NodeObject } from '../../model/objects.ts';
import { newId } from '../../model/ids.ts';
import { TsstackError } from '../../model/errors.ts';
import type {
  GetAuthorityResponse,
  GetJoinTokenRequest,
  IssuedCertificate,
  JoinRequest,
  JoinResponse,
  JoinToken,
  LeaveRequest,
  LeaveResponse,
  RenewRequest,
  RotateAuthorityResponse,
  RotateTunnelKeysResponse,
  StoreAccess,
  TakeRoleRequest,
  TakeRoleResponse,
} from '../../rpc/messages.ts';
import type { AuthorityHandlers, CallContext, Peer } from '../../rpc/service-types.ts';
import { newNode, parseNodeDescription } from '../dispatcher/register-node.ts';
import { NotFoundError } from '../errors.ts';
import { put } from '../store/change.ts';
import { forgetNode } from '../nodes/forget-node.ts';
import { parseRole } from '../nodes/node-role.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Store } from '../store/store.ts';
import { checkMajority } from '../members/check-majority.ts';
import type { EtcdMembers } from '../store/etcd/members.ts';
import { outdatedNodes } from './authority-rotation.ts';
import { checkPace, rotateTunnelKeys } from '../tunnels/rotate-tunnel-keys.ts';
import { checkAddress, nameWarnings, roleOfToken } from './admit.ts';
import { getCluster, managerAddresses, putCluster, readSecrets } from './cluster-object.ts';
import { certified, issueFor, signerOf } from './issuer.ts';
import { authorityDigest, formatToken, newSecret } from './join-token.ts';
import { addressWarnings } from './probe-address.ts';
import { takeRole } from './take-role.ts';

/** What joining, and leaving, depends on beside the store. */
export interface AuthorityContext {
  /** What other managers need; null while the store is for one. */
  readonly access: StoreAccess | null;
  /** Of the etcd that managers run; null when they run none. */
  readonly members: EtcdMembers | null;
  /** A second manager wants to join while the store is for one: does something about it, and returns what to tell it for now. */
  readonly makeRoom: () => Error;
  readonly now: () => Date;
}

/** The Authority service: who becomes, and who remains, a node of the cluster. */
export class Authority implements AuthorityHandlers {
  readonly #store: Store;
  readonly #on: AuthorityContext;
  readonly #now: () => Date;

  constructor(store: Store, context: AuthorityContext) {
    this.#store = store;
    this.#on = context;
    this.#now = context.now;
  }

  async getAuthority(): Promise<GetAuthorityResponse> {
    return { certificate: signerOf(getCluster(this.#store.view)), timeMs: this.#now().getTime() };
  }

  async join(request: JoinRequest): Promise<JoinResponse> {
    const { view } = this.#store;
    const role = roleOfToken(view, readSecrets(this.#store), request.token);
    const description = parseNodeDescription(request.description);
    if (role === 'manager') this.#checkNewManager(description.hostname, request.hasEtcd);
    checkAddress(view, request.address);
    const warnings = [...nameWarnings(view, description.hostname), ...(await addressWarnings(request.address))];
    const now = this.#now();
    const id = newId();
    const issue = await issueFor(this.#store, request.certificateRequest, { id, role, address: request.address }, now);
    const at = now.toISOString();
    const { hostname } = description;
    const { address } = request;
    const managerAddress = role === 'manager' ? request.managerAddress : '';
    const said = { role, hostname, description, address, managerAddress };
    await this.#store.update((current) => {
      checkAddress(current, request.address);
      const node: NodeObject = { ...newNode(current, id, at), ...said, state: 'unknown', stateSince: at };
      return { changes: [put(certified(node, issue, now))], result: undefined };
    });
    const managers = managerAddresses(this.#store.view);
    const store = role === 'manager' ? this.#on.access : null;
    return { issued: issue.issued, nodeId: id, clusterId: this.#store.clusterId, role, managers, warnings, store };
  }

  async renew({ certificateRequest }: RenewRequest, { peer }: CallContext): Promise<IssuedCertificate> {
    const node = nodeOfPeer(this.#store.view, peer);
    const { id } = node;
    const now = this.#now();
    const issue = await issueFor(this.#store, certificateRequest, node, now);
    await this.#store.update((view) => {
      const current = view.get('node', id);
      // It may have got another role meanwhile.
      const changes = current?.role === node.role ? [put(certified(current, issue, now))] : [];
      return { changes, result: undefined };
    });
    return issue.issued;
  }

  takeRole(request: TakeRoleRequest, { peer }: CallContext): Promise<TakeRoleResponse> {
    const node = nodeOfPeer(this.#store.view, peer);
    const checkNewManager = ({ hostname }: NodeObject, hasEtcd: boolean): void =>
      this.#checkNewManager(hostname, hasEtcd);
    return takeRole(this.#store, node, request, { ...this.#on, checkNewManager });
  }

  async leave({ force }: LeaveRequest, { peer }: CallContext): Promise<LeaveResponse> {
    await this.#store.update((view) => {
      const node = nodeOfPeer(view, peer);
      if (!force && this.#on.members !== null) checkMajority(view, node);
      if (!force) checkNothingStays(view, node);
      const reason = `node ${node.hostname} has left the cluster`;
      const { changes } = forgetNode(view, node, { reason, now: this.#now().toISOString() });
      return { changes, result: undefined };
    });
    return {};
  }

  async getJoinToken({ role }: GetJoinTokenRequest): Promise<JoinToken> {
    return this.#token(readSecrets(this.#store).joinSecrets[parseRole(role)]);
  }

  async rotateJoinToken({ role }: GetJoinTokenRequest): Promise<JoinToken> {
    const parsed = parseRole(role);
    const secret = newSecret();
    await this.#store.update((view) => {
      const secrets = readSecrets(this.#store);
      const joinSecrets = { ...secrets.joinSecrets, [parsed]: secret };
      return { changes: [putCluster(getCluster(view), { ...secrets, joinSecrets })], result: undefined };
    });
    return this.#token(secret);
  }

  async rotateAuthority(): Promise<RotateAuthorityResponse> {
    const { createAuthority, crossSign } = await import('./certificates.ts');
    const { view } = this.#store;
    const before = getCluster(view);
    checkRotation(view);
    const authority = await createAuthority(before.id, this.#now());
    const older = { key: readSecrets(this.#store).authorityKey, certificate: signerOf(before) };
    const crossCertificate = await crossSign(older, authority.certificate);
    await this.#store.update((current) => {
      checkRotation(current);
      const cluster = getCluster(current);
      const authorities = [authority.certificate, ...cluster.authorities];
      const secrets = { ...readSecrets(this.#store), authorityKey: authority.key };
      return { changes: [putCluster({ ...cluster, authorities, crossCertificate }, secrets)], result: undefined };
    });
    return { nodes: outdatedNodes(this.#store.view).length };
  }

  async rotateTunnelKeys(): Promise<RotateTunnelKeysResponse> {
    const generation = await this.#store.update((view) => {
      const now = this.#now();
      const cluster = getCluster(view);
      checkPace(cluster, now);
      const rotated = rotateTunnelKeys(cluster, readSecrets(this.#store), now.toISOString());
      return { changes: [putCluster(...rotated)], result: rotated[0].tunnelKeys.generation };
    });
    return { generation };
  }

  #checkNewManager(hostname: string, hasEtcd: boolean): void {
    const { access, members, makeRoom } = this.#on;
    if (!hasEtcd && (members !== null || access === null)) throw noEtcd(hostname);
    if (access === null) throw makeRoom();
  }

  #token(secret: string): JoinToken {
    const { view } = this.#store;
    const token = formatToken({ authority: authorityDigest(signerOf(getCluster(view))), secret });
    return { token, managers: managerAddresses(view) };
  }
}

function nodeOfPeer(view: StoreView, peer: Peer): NodeObject {
  const node = peer.kind === 'node' ? view.get('node', peer.nodeId) : undefined;
  if (node !== undefined) return node;
  throw new NotFoundError('the cluster does not know this node', {
    hint: 'leave with `tsstack cluster leave --force` and join again',
  });
}

/** One at a time: each node accepts the authority that its own certificate is of, and the next one. */
function checkRotation(view: StoreView): void {
  const names = outdatedNodes(view).map(({ hostname }) => hostname);
  if (names.length === 0) return;
  throw new TsstackError('conflict', `rotate the authority: the rotation before waits for ${names.join(', ')}`, {
    hint: 'a node that does not come back is removed with `tsstack node rm`',
  });
}

/** Containers are moved by a drain, in order; data is nobody's to give up but the operator's. */
function checkNothingStays(view: StoreView, node: NodeObject): void {
  const tasks = view.tasksOfNode(node.id).map(({ containerName }) => containerName);
  const volumes = view.all('volume').flatMap(({ nodeId, name }) => (nodeId === node.id ? [name] : []));
  if (tasks.length > 0)
    throw new TsstackError('conflict', `leave the cluster: these containers run here: ${tasks.join(', ')}`, {
      hint: `move them away with \`tsstack node update --availability drain ${node.hostname}\`, or leave with --force`,
    });
  if (volumes.length > 0)
    throw new TsstackError('conflict', `leave the cluster: these volumes are only here: ${volumes.join(', ')}`, {
      hint: 'remove them, or leave with --force: their content then stays on this host and is lost to the cluster',
    });
}

function noEtcd(hostname: string): TsstackError {
  return new TsstackError('unsupported', `be a manager: managers run etcd, which ${hostname} does not have`, {
    hint: 'install it there: `apt-get install etcd-server`; or let the host be a worker',
  });
}
