/** Fields of specs that are not called as the attributes of the stack file from which they are made. */
const attributes: Readonly<Record<string, string>> = {
  extraHosts: 'extra_hosts',
  dnsOptions: 'dns_opt',
  linkLocalAddresses: 'link_local_ips',
  noNewPrivileges: 'security_opt',
  seccomp: 'security_opt',
  apparmor: 'security_opt',
  selinux: 'security_opt',
  systemPathsUnconfined: 'security_opt',
  writableCgroups: 'security_opt',
  deviceRules: 'device_cgroup_rules',
  deviceNames: 'devices',
  deviceRequests: 'gpus',
  mounts: 'volumes',
  userNamespace: 'userns_mode',
  memoryBytes: 'mem_limit',
  memoryReservationBytes: 'mem_reservation',
  memorySwapBytes: 'memswap_limit',
  memorySwappiness: 'mem_swappiness',
  cpuRealtimePeriodUs: 'cpu_rt_period',
  cpuRealtimeRuntimeUs: 'cpu_rt_runtime',
  pids: 'pids_limit',
  storageBytes: 'storage_opt',
  stopGraceMs: 'stop_grace_period',
  blockIo: 'blkio_config',
  'logging.compress': 'options.compress',
  'logging.mode': 'options.mode',
  'logging.maxBytes': 'options.max-size',
  'logging.maxFiles': 'options.max-file',
  'logging.forward': 'options',
  'logging.maxBufferBytes': 'options.max-buffer-size',
  driverOptions: 'driver_opts',
};

/** Groups of a spec that the file does not have. */
const groups = new Set(['container', 'resources', 'namespaces', 'hooks']);

/** Maps whose keys are the user's own. */
const free = new Set(['environment', 'labels', 'annotations', 'sysctls', 'ulimits', 'driverOptions', 'auxAddresses']);

/** The attribute of the stack file behind a field of a spec: `container.resources.memoryBytes` is `mem_limit`. */
export function attributeName(path: string): string {
  const names: string[] = [];
  const steps = path.split('.');
  for (const [index, step] of steps.entries()) {
    if (groups.has(step) && names.length === 0) continue;
    names.push(attributes[`${steps[index - 1] ?? ''}.${step}`] ?? attributes[step] ?? inSnakeCase(step));
    if (free.has(step)) return [...names, ...steps.slice(index + 1)].join('.');
  }
  return names.join('.');
}

/** `cpuPeriodUs` is `cpu_period`. */
function inSnakeCase(field: string): string {
  return field.replace(/(Ms|Us|Bytes)$/, '').replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
