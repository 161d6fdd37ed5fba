/** An attribute that the runtime honours. Later work adds rows here; `config` accepts the whole specification anyway. */
export interface SupportedAttribute {
  /** Keys from the root; `*` is any name or index, a last `**` everything below. */
  readonly path: string;
  /** The values that are honoured; absent = all. */
  readonly values?: readonly (string | boolean | RegExp)[];
  /** The values for people, where `values` has patterns. */
  readonly shown?: string;
}

/** An attribute that no Linux host, or nothing that tsstack has, can honour, whatever the version. */
export interface ForeignAttribute {
  readonly path: string;
  /** The values that it is about; absent = all. */
  readonly values?: readonly string[];
  readonly reason: string;
}

const WINDOWS_ONLY = 'exists on Windows only: this host runs Linux containers';

const NO_PLUGINS = 'names a plugin, and there are no plugins';

const NO_DEVICE_OPTIONS =
  'is for device drivers of other engines: here devices are described by CDI, which has no options';

export const FOREIGN_ATTRIBUTES: readonly ForeignAttribute[] = [
  { path: 'services.*.cpu_count', reason: WINDOWS_ONLY },
  { path: 'services.*.cpu_percent', reason: WINDOWS_ONLY },
  { path: 'services.*.credential_spec', reason: WINDOWS_ONLY },
  { path: 'services.*.isolation', reason: WINDOWS_ONLY },
  {
    path: 'services.*.use_api_socket',
    reason: 'is for programs that speak the API of a Docker engine, which tsstack does not offer',
  },
  { path: 'services.*.gpus.*.options', reason: NO_DEVICE_OPTIONS },
  { path: 'services.*.deploy.resources.reservations.devices.*.options', reason: NO_DEVICE_OPTIONS },
  { path: 'services.*.volumes.*.type', values: ['npipe'], reason: `npipe ${WINDOWS_ONLY}` },
  {
    path: 'services.*.volumes.*.type',
    values: ['cluster'],
    reason: 'cluster needs a CSI plugin, and there are no plugins',
  },
  {
    path: 'volumes.*.driver_opts.size',
    reason:
      'would need project quotas of the file system below the volume; for a limited one use `type: tmpfs`, `device: tmpfs`, `o: size=1g`',
  },
  {
    path: 'secrets.*.driver',
    reason: `${NO_PLUGINS}: use file, environment, or external with \`tsstack secret create\``,
  },
  { path: 'secrets.*.driver_opts', reason: NO_PLUGINS },
  { path: 'secrets.*.template_driver', reason: `${NO_PLUGINS}: write the content as it is to be` },
  { path: 'configs.*.template_driver', reason: `${NO_PLUGINS}: content: interpolates variables` },
];

/** An attribute that is kept for the day when it can take effect; a warning says so. */
export interface KeptAttribute {
  readonly path: string;
  /** The values that it is about; absent = all. */
  readonly values?: readonly string[];
  readonly note: string;
}

export const KEPT_ATTRIBUTES: readonly KeptAttribute[] = [
  {
    path: 'services.*.deploy.endpoint_mode',
    values: ['vip'],
    note: 'vip is kept for a cluster; on one host the name of a service resolves to all of its containers',
  },
];

/** Options of json-file that add to the files of docker what no command shows; the other drivers have a use for them, or refuse them. */
export const KEPT_FILE_OPTIONS: readonly string[] = ['env', 'env-regex', 'labels', 'labels-regex', 'tag'];

/** Attributes of later verbs, which are kept for them: they do not keep a container from running. */
export const LATER_ATTRIBUTES: readonly string[] = ['services.*.build', 'services.*.develop'];

/** `platform` and `HOST_PLATFORM` in a row's values stand for the machine's own. */
export const HOST_PLATFORM = '<host platform>';

const SERVICE_ROWS: readonly SupportedAttribute[] = [
  ...rows(
    'annotations.**',
    'attach',
    'blkio_config.device_read_bps.*.path',
    'blkio_config.device_read_bps.*.rate',
    'blkio_config.device_read_iops.*.path',
    'blkio_config.device_read_iops.*.rate',
    'blkio_config.device_write_bps.*.path',
    'blkio_config.device_write_bps.*.rate',
    'blkio_config.device_write_iops.*.path',
    'blkio_config.device_write_iops.*.rate',
    'blkio_config.weight',
    'blkio_config.weight_device.*.path',
    'blkio_config.weight_device.*.weight',
    'cap_add.*',
    'cap_drop.*',
    'cgroup',
    'cgroup_parent',
    'command.**',
    'configs.*.gid',
    'configs.*.mode',
    'configs.*.source',
    'configs.*.target',
    'configs.*.uid',
    'container_name',
    'cpu_period',
    'cpu_quota',
    'cpu_rt_period',
    'cpu_rt_runtime',
    'cpu_shares',
    'cpus',
    'cpuset',
    'depends_on.*.condition',
    'depends_on.*.required',
    'depends_on.*.restart',
    'deploy.labels.**',
    'deploy.mode',
    'deploy.endpoint_mode',
    'deploy.placement.constraints.*',
    'deploy.placement.max_replicas_per_node',
    'deploy.placement.preferences.*.spread',
    'deploy.replicas',
    'deploy.resources.limits.cpus',
    'deploy.resources.limits.memory',
    'deploy.resources.limits.pids',
    'deploy.resources.reservations.cpus',
    ...requestRows('deploy.resources.reservations.devices'),
    'deploy.resources.reservations.generic_resources.*.discrete_resource_spec.kind',
    'deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value',
    'deploy.resources.reservations.memory',
    'deploy.restart_policy.condition',
    'deploy.restart_policy.delay',
    'deploy.restart_policy.max_attempts',
    'deploy.restart_policy.window',
    ...['update_config', 'rollback_config'].flatMap((config) =>
      ['delay', 'failure_action', 'max_failure_ratio', 'monitor', 'order', 'parallelism'].map(
        (key) => `deploy.${config}.${key}`,
      ),
    ),
    'device_cgroup_rules.*',
    'devices.*.permissions',
    'devices.*.source',
    'devices.*.target',
    'dns.*',
    'dns_opt.*',
    'dns_search.*',
    'domainname',
    'entrypoint.**',
    'env_file.**',
    'environment.**',
    'expose.*',
    'external_links.*',
    'extra_hosts.*',
    ...requestRows('gpus'),
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
    'links.*',
    // Each driver knows its own, and names the nearest of them where one is unknown.
    'logging.options.*',
    'logging.options.compress',
    'logging.options.env',
    'logging.options.env-regex',
    'logging.options.labels',
    'logging.options.labels-regex',
    'logging.options.max-buffer-size',
    'logging.options.max-file',
    'logging.options.max-size',
    'logging.options.mode',
    'logging.options.syslog-address',
    'logging.options.syslog-facility',
    'logging.options.syslog-format',
    'logging.options.tag',
    'mac_address',
    'mem_limit',
    'mem_reservation',
    'mem_swappiness',
    'memswap_limit',
    'models.*.endpoint_var',
    'models.*.model_var',
    'networks.*.aliases.*',
    'networks.*.driver_opts.**',
    'networks.*.gw_priority',
    'networks.*.interface_name',
    'networks.*.ipv4_address',
    'networks.*.ipv6_address',
    'networks.*.link_local_ips.*',
    'networks.*.mac_address',
    'networks.*.priority',
    'oom_kill_disable',
    'oom_score_adj',
    'pids_limit',
    'ports.*.app_protocol',
    'ports.*.host_ip',
    'ports.*.mode',
    'ports.*.name',
    'ports.*.protocol',
    'ports.*.published',
    'ports.*.target',
    'post_start.*.command.*',
    'post_start.*.environment.**',
    'post_start.*.privileged',
    'post_start.*.user',
    'post_start.*.working_dir',
    'pre_start.*.command.*',
    'pre_start.*.environment.**',
    'pre_start.*.image',
    'pre_start.*.per_replica',
    'pre_start.*.privileged',
    'pre_start.*.user',
    'pre_start.*.working_dir',
    'pre_stop.*.command.*',
    'pre_stop.*.environment.**',
    'pre_stop.*.privileged',
    'pre_stop.*.user',
    'pre_stop.*.working_dir',
    'privileged',
    'profiles.*',
    'provider.options.**',
    'provider.type',
    'pull_refresh_after',
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
    'storage_opt.size',
    'sysctls.**',
    'tmpfs.*',
    'tty',
    'ulimits.**',
    'user',
    'volumes.*.bind.create_host_path',
    'volumes.*.bind.propagation',
    'volumes.*.bind.recursive',
    // Relabelling means nothing to a host without SELinux, by the specification.
    'volumes.*.bind.selinux',
    // A hint to file sharing of other platforms, without an effect on Linux by the specification.
    'volumes.*.consistency',
    'volumes.*.read_only',
    'volumes.*.source',
    'volumes.*.target',
    'volumes.*.tmpfs.mode',
    'volumes.*.tmpfs.size',
    'volumes.*.image.subpath',
    'volumes.*.volume.labels.**',
    'volumes.*.volume.nocopy',
    'volumes.*.volume.subpath',
    'volumes_from.*',
    'working_dir',
    'x-tsstack.max_concurrent',
    'x-tsstack.progress_deadline',
    'x-tsstack.schedule',
    'x-tsstack.time_zone',
  ),
  {
    path: 'ipc',
    values: ['private', 'shareable', 'none', 'host', /^(service|container):/],
    shown: 'private, shareable, none, host, service:NAME, container:NAME',
  },
  { path: 'isolation', values: ['default'] },
  { path: 'logging.driver', values: ['json-file', 'local', 'none', 'journald', 'syslog'] },
  {
    path: 'network_mode',
    values: ['none', 'host', 'bridge', 'default', /^(service|container):/],
    shown: 'none, host, bridge, service:NAME, container:NAME',
  },
  { path: 'pid', values: ['host', /^(service|container):/], shown: 'host, service:NAME, container:NAME' },
  { path: 'platform', values: [HOST_PLATFORM] },
  {
    path: 'pull_policy',
    values: ['always', 'missing', 'never', 'refresh', 'daily', 'weekly', /^every_/],
    shown: 'always, missing, never, refresh, daily, weekly, every_DURATION',
  },
  {
    path: 'security_opt.*',
    values: [
      /^no-new-privileges([:=](true|false))?$/,
      /^(seccomp|apparmor)[:=]./,
      /^label[:=](disable|(user|role|type|level):\S+)$/,
      /^systempaths[:=]unconfined$/,
      /^writable-cgroups([:=](true|false))?$/,
    ],
    shown:
      'no-new-privileges, seccomp=PROFILE, apparmor=PROFILE, label=disable, label=user|role|type|level:VALUE, ' +
      'systempaths=unconfined, writable-cgroups=true',
  },
  { path: 'userns_mode', values: ['host', 'auto'] },
  { path: 'uts', values: ['host'] },
  { path: 'volumes.*.type', values: ['bind', 'image', 'tmpfs', 'volume'] },
];

/** What this version honours at run time. */
export const SUPPORTED_ATTRIBUTES: readonly SupportedAttribute[] = [
  ...SERVICE_ROWS.map((row) => ({ ...row, path: `services.*.${row.path}` })),
  ...rows(
    // A bridge is open to all stacks; for overlays it is kept.
    'networks.*.attachable',
    'networks.*.driver_opts.**',
    'networks.*.enable_ipv4',
    'networks.*.enable_ipv6',
    'networks.*.internal',
    'networks.*.ipam.config.*.aux_addresses.**',
    'networks.*.ipam.config.*.gateway',
    'networks.*.ipam.config.*.ip_range',
    'networks.*.ipam.config.*.subnet',
    'networks.*.ipam.options.**',
    'networks.*.external',
    'networks.*.labels.**',
    'networks.*.name',
    'volumes.*.driver_opts.device',
    'volumes.*.driver_opts.o',
    'volumes.*.driver_opts.type',
    'volumes.*.external',
    'volumes.*.labels.**',
    'volumes.*.name',
    'models.*.context_size',
    'models.*.model',
    'models.*.name',
    'models.*.runtime_flags.*',
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
  { path: 'networks.*.driver', values: ['bridge', 'overlay', 'macvlan', 'ipvlan', 'host', 'none'] },
  { path: 'networks.*.ipam.driver', values: ['default'] },
  { path: 'volumes.*.driver', values: ['local'] },
];

function rows(...paths: string[]): SupportedAttribute[] {
  return paths.map((path) => ({ path }));
}

/** Requests for devices. Options are for drivers, and devices that are described by CDI have none. */
function requestRows(path: string): string[] {
  return ['capabilities.*', 'count', 'device_ids.*', 'driver'].map((key) => `${path}.*.${key}`);
}
