import * as z from 'zod';
import type { DeviceRequestSpec } from '../../../model/device-request-spec.ts';
import type { BlockIoSpec } from '../../../model/block-io-spec.ts';
import type {
  ContainerSpec,
  HealthcheckSpec,
  LogForwardSpec,
  LoggingSpec,
  MountSpec,
  PayloadMountSpec,
  ResourcesSpec,
} from '../../../model/spec.ts';
import { absolutePath, labels, name, port, size } from './shared-schema.ts';

/** Below the root of a volume or image; links are looked at by the agent. */
const subpath = z
  .string()
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'has to be a relative path without ..');

const mount: z.ZodType<MountSpec> = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('volume'),
    volume: name.nullable(),
    target: absolutePath,
    readOnly: z.boolean(),
    noCopy: z.boolean(),
    subpath: subpath.nullable(),
    labels,
  }),
  z.strictObject({
    type: z.literal('bind'),
    source: absolutePath,
    target: absolutePath,
    readOnly: z.boolean(),
    propagation: z.string().nullable(),
    createHostPath: z.boolean(),
    recursive: z.enum(['disabled', 'enabled', 'writable', 'readonly']),
    relabel: z.enum(['shared', 'private']).exactOptional(),
  }),
  z.strictObject({
    type: z.literal('image'),
    image: z.string().min(1),
    target: absolutePath,
    subpath: subpath.nullable(),
  }),
  z.strictObject({
    type: z.literal('tmpfs'),
    target: absolutePath,
    sizeBytes: size,
    mode: size,
    options: z.array(z.string()),
  }),
]);

const payloadMount: z.ZodType<PayloadMountSpec> = z.strictObject({
  source: name,
  target: absolutePath,
  uid: z.int().min(0),
  gid: z.int().min(0),
  mode: z.int().min(0).max(0o7777),
});

const rates = z.array(z.strictObject({ path: absolutePath, rate: z.int().min(0) }));
const weight = z.int().min(10).max(1000);

const blockIo: z.ZodType<BlockIoSpec> = z.strictObject({
  weight: weight.nullable(),
  weightDevices: z.array(z.strictObject({ path: absolutePath, weight })),
  readBps: rates,
  writeBps: rates,
  readIops: rates,
  writeIops: rates,
});

const resources: z.ZodType<ResourcesSpec> = z.strictObject({
  cpus: z.number().min(0).nullable(),
  cpuset: z.string().nullable(),
  cpuShares: size,
  cpuPeriodUs: size,
  cpuQuotaUs: z.int().nullable(),
  memoryBytes: size,
  memoryReservationBytes: size,
  cpuRealtimePeriodUs: size,
  cpuRealtimeRuntimeUs: size,
  memorySwapBytes: z.int().min(-1).nullable(),
  memorySwappiness: z.int().min(0).max(100).nullable(),
  oomKillDisable: z.boolean(),
  blockIo: blockIo.nullable(),
  pids: z.int().min(-1).nullable(),
});

const healthcheck: z.ZodType<HealthcheckSpec> = z.strictObject({
  test: z.union([z.array(z.string()), z.literal('disabled')]).nullable(),
  intervalMs: size,
  timeoutMs: size,
  retries: size,
  startPeriodMs: size,
  startIntervalMs: size,
});

const logAddress = z.union([
  z.strictObject({ socket: absolutePath.max(107) }),
  z.strictObject({ transport: z.enum(['udp', 'tcp']), host: z.union([z.ipv4(), z.ipv6()]), port }),
]);

const pattern = z.string().refine((text) => {
  try {
    return new RegExp(text, 'u').source !== '';
  } catch {
    return false;
  }
}, 'is no regular expression');

const logForward: z.ZodType<LogForwardSpec> = z.discriminatedUnion('driver', [
  z.strictObject({
    driver: z.literal('syslog'),
    address: logAddress,
    facility: z.int().min(0).max(23),
    format: z.enum(['local', 'rfc3164', 'rfc5424', 'rfc5424micro']),
    tag: z.string(),
  }),
  z.strictObject({
    driver: z.literal('journald'),
    tag: z.string(),
    labels: z.array(z.string()),
    env: z.array(z.string()),
    labelsPattern: pattern.nullable(),
    envPattern: pattern.nullable(),
  }),
]);

const logging: z.ZodType<LoggingSpec> = z.strictObject({
  driver: z.enum(['file', 'none']),
  forward: logForward.nullable(),
  maxBytes: z.int().min(1),
  maxFiles: z.int().min(1),
  compress: z.boolean(),
  mode: z.enum(['blocking', 'non-blocking']),
  maxBufferBytes: z.int().min(0),
});

const deviceRequest: z.ZodType<DeviceRequestSpec> = z.strictObject({
  driver: z.string().min(1).nullable(),
  count: z.int().min(-1).nullable(),
  ids: z.array(z.string().min(1)),
  capabilities: z.array(z.string().min(1)),
});

const deviceRule = z.strictObject({
  type: z.enum(['a', 'b', 'c']),
  major: size,
  minor: size,
  access: z.string().regex(/^[rwm]{1,3}$/, 'has to be made of r, w and m'),
});

const device = z.strictObject({ source: z.string(), target: z.string(), permissions: z.string() });

/** Grace of a stop: -1 = for ever. */
const grace = z.int().min(-1).nullable();

export const containerSchema: z.ZodType<ContainerSpec> = z.strictObject({
  entrypoint: z.array(z.string()).nullable(),
  command: z.array(z.string()).nullable(),
  environment: z.record(z.string(), z.string().nullable()),
  workingDir: z.string().nullable(),
  user: z.string().nullable(),
  groupAdd: z.array(z.string()),
  hostname: z.string().nullable(),
  domainname: z.string().nullable(),
  labels,
  annotations: labels,
  tty: z.boolean(),
  stdinOpen: z.boolean(),
  init: z.boolean(),
  readOnly: z.boolean(),
  privileged: z.boolean(),
  userNamespace: z.enum(['host', 'auto']),
  capAdd: z.array(z.string()),
  capDrop: z.array(z.string()),
  noNewPrivileges: z.boolean(),
  seccomp: z.string().nullable(),
  apparmor: z.string().min(1).nullable(),
  selinux: z.array(z.string().regex(/^(disable|(user|role|type|level):\S+)$/, 'is no part of an SELinux label')),
  systemPathsUnconfined: z.boolean(),
  writableCgroups: z.boolean(),
  mounts: z.array(mount),
  secrets: z.array(payloadMount),
  configs: z.array(payloadMount),
  devices: z.array(device),
  deviceNames: z.array(z.string().regex(/^[^/=]+\/[^/=]+=.+$/, 'is no CDI name')),
  deviceRequests: z.array(deviceRequest),
  deviceRules: z.array(deviceRule),
  shmSizeBytes: size,
  storageBytes: size,
  ulimits: z.record(z.string(), z.strictObject({ soft: z.int().min(-1), hard: z.int().min(-1) })),
  sysctls: labels,
  extraHosts: z.array(z.strictObject({ host: z.string(), address: z.string() })),
  dns: z.array(z.string()),
  dnsSearch: z.array(z.string()),
  dnsOptions: z.array(z.string()),
  resources,
  cgroupParent: z
    .string()
    .regex(/^(?!\.\.?(\/|$))[^/\n][^\n]*$/, 'has to be relative')
    .refine((path) => !path.split('/').includes('..'), 'has to stay below the cgroup of the daemon')
    .nullable(),
  oomScoreAdj: z.int().min(-1000).max(1000).nullable(),
  stopSignal: z.string().nullable(),
  stopGraceMs: grace,
  healthcheck: healthcheck.nullable(),
  logging,
  runtime: z.string().nullable(),
});
