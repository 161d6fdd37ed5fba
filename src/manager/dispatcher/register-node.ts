import * as z from 'zod';
import { canonicalJson } from '../../model/canonical-json.ts';
import type { NodeDescription, NodeObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import { findCluster } from '../authority/cluster-object.ts';
import { InvalidRequestError } from '../errors.ts';
import { takeBackTasks } from '../orchestrators/node-loss/take-back-tasks.ts';
import { ChangeSet } from '../store/change-set.ts';
import { put, type Change } from '../store/change.ts';
import type { StoreView } from '../store/object-index.ts';
import type { Transaction } from '../store/store.ts';
import { nextTunnelNumber } from '../tunnels/tunnel-number.ts';

const presence = z.enum(['available', 'missing', 'unknown']);

const nodeDescription: z.ZodType<NodeDescription> = z.strictObject({
  hostname: z.string().min(1),
  architecture: z.string(),
  os: z.string(),
  kernel: z.string(),
  cpus: z.number(),
  memoryBytes: z.number(),
  genericResources: z.record(z.string(), z.union([z.int().nonnegative(), z.array(z.string())])),
  engineLabels: z.record(z.string(), z.string()),
  systemReserve: z.strictObject({ cpus: z.number().nonnegative(), memoryBytes: z.number().nonnegative() }),
  cgroup: z.enum(['v1', 'hybrid', 'v2']),
  limitsStorage: z.boolean(),
  kernelFeatures: z.strictObject({
    overlayfs: presence,
    nftables: presence,
    vxlan: presence,
    macvlan: presence,
    ipvlan: presence,
    ipvs: presence,
    wireguard: presence,
    'ipsec-esp': presence,
    'aes-gcm': presence,
  }),
  limitations: z.array(z.string()),
  routes: z.array(z.string()),
});

/** The description in that JSON text; throws InvalidRequestError naming the field that is wrong. */
export function parseNodeDescription(text: string): NodeDescription {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InvalidRequestError('node description: is no JSON', { cause });
  }
  const result = nodeDescription.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InvalidRequestError(`node description: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
}

/** Of a public key (X25519). */
const tunnelKeyBytes = 32;

/** Of UDP. */
const lastPort = 65_535;

/** The public key in those bytes as NodeObject has it; none is the empty text. Throws InvalidRequestError when it cannot be one. */
export function parseTunnelKey(bytes: Buffer): string {
  if (bytes.length === 0 || bytes.length === tunnelKeyBytes) return bytes.toString('base64');
  throw new InvalidRequestError(`session: tunnel_key has ${bytes.length} bytes and not ${tunnelKeyBytes}`);
}

/** The port as NodeObject has it. Throws InvalidRequestError when it is none of UDP. */
export function parseTunnelPort(port: number): number {
  if (port <= lastPort) return port;
  throw new InvalidRequestError(`session: tunnel_port ${port} is larger than ${lastPort}`);
}

/** What a node says of itself when it registers. */
export interface Registration {
  readonly id: string;
  readonly description: NodeDescription;
  /** Of its certificate; null for the manager's own host. */
  readonly role: NodeObject['role'] | null;
  /** Where other nodes reach it; empty on a lone host. */
  readonly address: string;
  /** See NodeObject; empty from agents that make no tunnels. */
  readonly tunnelKey: string;
  /** See NodeObject. */
  readonly tunnelPort: number;
  /** The highest revision of the store that its agent has seen, and the one that it may have seen at most. */
  readonly knownRevision: number;
  /** The term of a manager in which it has. */
  readonly knownTerm: string;
  readonly storeRevision: number;
}

/** The nodes are there (again); one that is known and unchanged is no write. Each has its failure, or null. */
export function registerNodes(
  view: StoreView,
  registrations: readonly Registration[],
  now: string,
): Transaction<readonly (Error | null)[]> {
  const changes = new ChangeSet(view);
  const result = registrations.map((registration) => registerNode(view, changes, registration, now));
  return { changes: changes.changes, result };
}

function registerNode(view: StoreView, changes: ChangeSet, { id, ...said }: Registration, now: string): Error | null {
  const { description } = said;
  const before = changes.get('node', id);
  // Nodes of a cluster come by joining: one that has just left, and whose agent has not heard of it, must not come back.
  if (before === undefined && findCluster(view) !== undefined)
    return new TsstackError('permission', `node ${id} is not of this cluster (any more)`);
  const address = said.address || (before?.address ?? '');
  const tunnelKey = said.tunnelKey || (before?.tunnelKey ?? '');
  const newerStore = judgeStore(before, { id, ...said });
  const isSame =
    before?.address === address &&
    before.tunnelKey === tunnelKey &&
    before.tunnelPort === said.tunnelPort &&
    before.tunnelNumber > 0 &&
    canonicalJson(before.description) === canonicalJson(description) &&
    canonicalJson(before.newerStore) === canonicalJson(newerStore);
  if (before?.state === 'ready' && isSame) return null;
  const stateSince = before?.state === 'ready' ? before.stateSince : now;
  const known = before ?? { ...newNode(changes, id, now), role: 'manager' as const };
  changes.put({
    ...known,
    role: before?.role ?? said.role ?? 'manager',
    tunnelNumber: known.tunnelNumber || nextTunnelNumber(changes.all('node')),
    tunnelKey,
    tunnelPort: said.tunnelPort,
    address,
    hostname: description.hostname,
    state: 'ready',
    stateSince,
    description,
    newerStore,
  });
  takeBackTasks(view, changes, id);
  return null;
}

/**
 * Whether the agent has seen more than there is. That stays, however much is written meanwhile, until an operator has said that this store counts,
 * or the agent does not know of it any more; a store that is put back in its place knows nothing of it.
 */
function judgeStore(
  before: NodeObject | undefined,
  { knownRevision, knownTerm, storeRevision }: Registration,
): NodeObject['newerStore'] {
  const noted = before?.newerStore ?? null;
  if (noted?.term === knownTerm) return noted;
  return knownRevision > storeRevision ? { revision: knownRevision, term: knownTerm, isAccepted: false } : null;
}

/** A node without what it says of itself. */
export function newNode(
  view: Pick<StoreView, 'all'>,
  id: string,
  now: string,
): Omit<NodeObject, 'hostname' | 'state' | 'stateSince' | 'description' | 'role'> {
  const common = { id, version: 0, createdAt: now, updatedAt: now, kind: 'node' } as const;
  const tunnel = { tunnelNumber: nextTunnelNumber(view.all('node')), tunnelKey: '', tunnelPort: 0 };
  return {
    ...common,
    ...tunnel,
    availability: 'active',
    labels: {},
    address: '',
    addressAnswers: true,
    managerAddress: '',
    certificate: null,
    roleChange: null,
    managerSerials: {},
    newerStore: null,
  };
}

/** Notes that the node is silent; one that is gone stays gone. */
export function changeNodeState(
  view: StoreView,
  id: string,
  state: NodeObject['state'],
  now: string,
): readonly Change[] {
  const node = view.get('node', id);
  return node === undefined || node.state === state ? [] : [put({ ...node, state, stateSince: now })];
}
