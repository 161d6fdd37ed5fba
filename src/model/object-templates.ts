/** An object of each kind of which nothing is known but its kind: what fields mean to objects from before they existed. */
import { defaultNetwork, defaultService } from './default-specs.ts';
import { createdContainer, newTaskStatus } from './new-status.ts';
import type {
  ClusterObject,
  ImageObject,
  ModelObject,
  NetworkObject,
  NodeObject,
  ObjectKind,
  PayloadObject,
  ServiceObject,
  StackObject,
  TaskAttachment,
  TaskObject,
  VolumeObject,
} from './objects.ts';
import type { PayloadSpec, VolumeSpec } from './spec.ts';

const stored = { id: '', version: 0, createdAt: '', updatedAt: '' };

const payloadSpec: PayloadSpec = { name: '', external: false, labels: {}, content: null, digest: null };
const volumeSpec: VolumeSpec = { name: '', external: false, labels: {}, filesystem: null };

const payload: Omit<PayloadObject, 'kind'> = { ...stored, stack: null, key: '', name: '', spec: payloadSpec };

const stack: StackObject = {
  ...stored,
  kind: 'stack',
  name: '',
  workingDir: '',
  files: [],
  disabledServices: [],
  providers: {},
  removing: false,
  removeVolumes: false,
};

const service: ServiceObject = {
  ...stored,
  kind: 'service',
  stack: '',
  name: '',
  spec: defaultService,
  specHash: '',
  forceCount: 0,
  previous: null,
  update: null,
  suspended: false,
  scheduledUntil: null,
};

const network: NetworkObject = {
  ...stored,
  kind: 'network',
  stack: null,
  key: '',
  name: '',
  spec: defaultNetwork,
  pools: [],
  bridge: '',
  vni: null,
  nodeAddresses: {},
  virtualAddresses: {},
};

const volume: VolumeObject = {
  ...stored,
  kind: 'volume',
  stack: null,
  key: '',
  name: '',
  spec: volumeSpec,
  anonymousOf: null,
  nodeId: '',
  removing: false,
};

const unknown = 'unknown';

const node: NodeObject = {
  ...stored,
  kind: 'node',
  hostname: '',
  state: unknown,
  stateSince: '',
  availability: 'active',
  role: 'manager',
  roleChange: null,
  labels: {},
  address: '',
  addressAnswers: true,
  managerAddress: '',
  certificate: null,
  managerSerials: {},
  tunnelNumber: 0,
  tunnelKey: '',
  tunnelPort: 0,
  newerStore: null,
  description: {
    hostname: '',
    architecture: '',
    os: '',
    kernel: '',
    cpus: 0,
    memoryBytes: 0,
    genericResources: {},
    engineLabels: {},
    systemReserve: { cpus: 0, memoryBytes: 0 },
    cgroup: 'v2',
    kernelFeatures: {
      overlayfs: unknown,
      nftables: unknown,
      vxlan: unknown,
      macvlan: unknown,
      ipvlan: unknown,
      ipvs: unknown,
      wireguard: unknown,
      'ipsec-esp': unknown,
      'aes-gcm': unknown,
    },
    limitsStorage: false,
    limitations: [],
    routes: [],
  },
};

const attachment: TaskAttachment = { networkId: '', network: '', addresses: [], gateways: [], mac: '', aliases: [] };

const task: TaskObject = {
  ...stored,
  kind: 'task',
  stack: '',
  service: '',
  serviceId: '',
  slot: 1,
  nodeId: null,
  containerName: '',
  spec: defaultService,
  specHash: '',
  forceCount: 0,
  desired: 'ready',
  gate: null,
  preStart: null,
  desiredRun: 1,
  runReason: 'start',
  stopGraceMs: null,
  removeVolumes: false,
  oneOff: null,
  hookOf: null,
  pinnedNode: null,
  rollout: null,
  successor: null,
  preparedOn: null,
  history: [],
  genericResources: {},
  attachments: [attachment],
  sharedTasks: { network: null, pid: null, ipc: null, volumes: [] },
  status: newTaskStatus(''),
};

const cluster: ClusterObject = {
  ...stored,
  kind: 'cluster',
  authorities: [],
  crossCertificate: null,
  certificateLifetimeMs: 0,
  removedNodes: {},
  revokedSerials: {},
  tunnelKeys: { generation: 0, rotatedAt: '1970-01-01T00:00:00Z' },
};

const image: ImageObject = {
  ...stored,
  kind: 'image',
  name: '',
  imageId: '',
  platform: '',
  pinned: null,
  layerBytes: null,
  nodeId: '',
  namedAtMs: 0,
};

export const objectTemplates: { readonly [Kind in ObjectKind]: ModelObject & { readonly kind: Kind } } = {
  stack,
  service,
  network,
  volume,
  secret: { ...payload, kind: 'secret' },
  config: { ...payload, kind: 'config' },
  node,
  task,
  cluster,
  image,
};

/** What is known of a container, of the tasks that have one. */
export const containerTemplate = createdContainer({ id: '', reference: '' }, '');
