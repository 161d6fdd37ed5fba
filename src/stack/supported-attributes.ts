/** An attribute that the runtime honours. Later work adds rows here; `config` accepts the whole specification anyway. */
export interface SupportedAttribute {
  /** Keys from the root; `*` is any name or index, a last `**` everything below. */
  readonly path: string;
  /** The values that are honoured; absent = all. */
  readonly values?: readonly (string | boolean | RegExp)[];
  /** The values for people, where `values` has patterns. */
  readonly shown?: string;
}

/** An attribute that no Linux host can honour, whatever the version. */
export interface ForeignAttribute {
  readonly path: string;
  readonly reason: string;
}

const WINDOWS_ONLY = 'exists on Windows only: this host runs Linux containers';

export const FOREIGN_ATTRIBUTES: readonly ForeignAttribute[] = [
  { path: 'services.*.cpu_count', reason: WINDOWS_ONLY },
  { path: 'services.*.cpu_percent', reason: WINDOWS_ONLY },
  { path: 'services.*.credential_spec', reason: WINDOWS_ONLY },
  { path: 'services.*.isolation', reason: WINDOWS_ONLY },
];

/** `platform` and `HOST_PLATFORM` in a row's values stand for the machine's own. */
export const HOST_PLATFORM = '<host platform>';

const SERVICE_ROWS: readonly SupportedAttribute[] = [
  ...rows(
    'annotations.**',
    'attach',
    'cap_add.*',
    'cap_drop.*',
    'command.**',
    'configs.*.gid',
    'configs.*.mode',
    'configs.*.source',
    'configs.*.target',
    'configs.*.uid',
    'container_name',
    'cpu_period',
    'cpu_quota',
    'cpu_shares',
    'cpus',
    'cpuset',
    'depends_on.*.condition',
    'depends_on.*.required',
    'depends_on.*.restart',
    'deploy.labels.**',
    'deploy.replicas',
    'deploy.resources.limits.cpus',
    'deploy.resources.limits.memory',
    'deploy.resources.limits.pids',
    'deploy.resources.reservations.memory',
    'devices.*.permissions',
    'devices.*.target',
    'dns.*',
    'dns_opt.*',
    'dns_search.*',
    'domainname',
    'entrypoint.**',
    'env_file.**',
    'environment.**',
    'expose.*',
    'extra_hosts.*',
    'group_add.*',
    'healthcheck.disable',
    'healthcheck.interval',
    'healthcheck.retries',
    'healthcheck.start_interval',
    'healthcheck.start_period',
    'healthcheck.test.*',
    'healthcheck.timeout',
    'hostname',
    'image',
    'init',
    'label_file.*',
    'labels.**',
    'logging.options.compress',
    'logging.options.max-buffer-size',
    'logging.options.max-file',
    'logging.options.max-size',
    'logging.options.mode',
    'mem_limit',
    'mem_reservation',
    'memswap_limit',
    'networks.*.aliases.*',
    'networks.*.ipv4_address',
    'oom_score_adj',
    'pids_limit',
    'ports.*.app_protocol',
    'ports.*.host_ip',
    'ports.*.mode',
    'ports.*.name',
    'ports.*.published',
    'ports.*.target',
    'privileged',
    'profiles.*',
    'read_only',
    'restart',
    'runtime',
    'scale',
    'secrets.*.gid',
    'secrets.*.mode',
    'secrets.*.source',
    'secrets.*.target',
    'secrets.*.uid',
    'shm_size',
    'stdin_open',
    'stop_grace_period',
    'stop_signal',
    'sysctls.**',
    'tmpfs.*',
    'tty',
    'ulimits.**',
    'user',
    'volumes.*.bind.create_host_path',
    'volumes.*.bind.propagation',
    // Relabelling means nothing to a host without SELinux, by the specification.
    'volumes.*.bind.selinux',
    // A hint to file sharing of other platforms, without an effect on Linux by the specification.
    'volumes.*.consistency',
    'volumes.*.read_only',
    'volumes.*.source',
    'volumes.*.target',
    'volumes.*.tmpfs.mode',
    'volumes.*.tmpfs.size',
    'volumes.*.volume.nocopy',
    'working_dir',
  ),
  { path: 'deploy.mode', values: ['replicated'] },
  { path: 'devices.*.source', values: [/^\//], shown: 'a path below /dev' },
  { path: 'ipc', values: ['private'] },
  { path: 'isolation', values: ['default'] },
  { path: 'logging.driver', values: ['json-file', 'local', 'none'] },
  { path: 'network_mode', values: ['none', 'host', /^service:/], shown: 'none, host, service:NAME' },
  { path: 'platform', values: [HOST_PLATFORM] },
  { path: 'ports.*.protocol', values: ['tcp', 'udp'] },
  { path: 'pull_policy', values: ['always', 'missing', 'never'] },
  {
    path: 'security_opt.*',
    values: [/^no-new-privileges([:=](true|false))?$/, /^seccomp[:=]/],
    shown: 'no-new-privileges, seccomp=PROFILE',
  },
  { path: 'userns_mode', values: ['host', 'auto'] },
  { path: 'volumes.*.bind.recursive', values: ['enabled'] },
  { path: 'volumes.*.type', values: ['bind', 'tmpfs', 'volume'] },
];

/** What this version honours at run time. */
export const SUPPORTED_ATTRIBUTES: readonly SupportedAttribute[] = [
  ...SERVICE_ROWS.map((row) => ({ ...row, path: `services.*.${row.path}` })),
  ...rows(
    'networks.*.internal',
    'networks.*.ipam.config.*.aux_addresses.**',
    'networks.*.ipam.config.*.gateway',
    'networks.*.ipam.config.*.ip_range',
    'networks.*.ipam.config.*.subnet',
    'networks.*.external',
    'networks.*.labels.**',
    'networks.*.name',
    'volumes.*.external',
    'volumes.*.labels.**',
    'volumes.*.name',
    'configs.*.content',
    'configs.*.environment',
    'configs.*.file',
    'configs.*.external',
    'configs.*.labels.**',
    'configs.*.name',
    'secrets.*.environment',
    'secrets.*.file',
    'secrets.*.external',
    'secrets.*.labels.**',
    'secrets.*.name',
  ),
  { path: 'networks.*.driver', values: ['bridge'] },
  { path: 'networks.*.enable_ipv4', values: [true] },
  { path: 'networks.*.enable_ipv6', values: [false] },
  { path: 'networks.*.attachable', values: [false] },
  { path: 'networks.*.ipam.driver', values: ['default'] },
  { path: 'volumes.*.driver', values: ['local'] },
];

function rows(...paths: string[]): SupportedAttribute[] {
  return paths.map((path) => ({ path }));
}
