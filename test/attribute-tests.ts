/**
 * Which test observes the effect of which attributes, from outside the container or from inside: the last column of
 * docs/attributes.md. A unit test holds it against the tests and against what is supported.
 */
export interface AttributeTest {
  /** Below test/. */
  readonly file: string;
  /** Title of the test as it stands in the file, or a part of it. */
  readonly title: string;
  /** Below `services.*`. */
  readonly service?: string;
  /** From the root. */
  readonly top?: string;
}

const containers = 'e2e/containers.test.ts';
const effects = 'e2e/attributes.test.ts';
const networks = 'e2e/networks.test.ts';
const cdi = 'e2e/cdi.test.ts';
const deploy = 'e2e/deploy.test.ts';
const placement = 'unit/manager/scheduler/placement.test.ts';
const rebalances = 'unit/manager/orchestrators/rebalance.test.ts';
const services = 'e2e/service.test.ts';
const updates = 'e2e/rolling-update.test.ts';
const namespaces = 'e2e/namespaces.test.ts';
const resources = 'e2e/resources.test.ts';
const ipv6 = 'e2e/ipv6.test.ts';
const networkOptions = 'e2e/network-options.test.ts';
const storage = 'e2e/storage.test.ts';
const externals = 'e2e/external-objects.test.ts';
const dependencies = 'e2e/dependencies.test.ts';
const apply = 'e2e/apply.test.ts';
const logs = 'e2e/logs.test.ts';
const hooks = 'e2e/hooks.test.ts';
const drivers = 'e2e/log-drivers.test.ts';
const providers = 'e2e/providers.test.ts';
const pulls = 'e2e/pull-policy.test.ts';

export const ATTRIBUTE_TESTS: readonly AttributeTest[] = [
  {
    file: providers,
    title: 'is asked before its dependants are made, which get what it tells',
    service: 'provider provider.type provider.options',
  },
  {
    file: 'e2e/cgroup-v2.test.ts',
    title: 'limits what containers write on file systems with project quotas',
    service: 'storage_opt',
  },
  {
    file: providers,
    title: 'are got and configured, and containers are told where they are',
    service: 'models models.*.endpoint_var models.*.model_var',
    top: 'models models.*.model models.*.name models.*.context_size models.*.runtime_flags',
  },
  {
    file: hooks,
    title: 'after a start run in order, as who and where they say, before what depends on the service',
    service:
      'post_start post_start.*.command post_start.*.user post_start.*.privileged post_start.*.working_dir post_start.*.environment',
  },
  {
    file: hooks,
    title: 'before a stop run when somebody stops, restarts, replaces or removes',
    service: 'pre_stop pre_stop.*.command',
  },
  {
    file: hooks,
    title: 'before a stop run as who and where they say',
    service: 'pre_stop.*.user pre_stop.*.privileged pre_stop.*.working_dir pre_stop.*.environment',
  },
  {
    file: hooks,
    title: 'before containers of a service run once in order, with its volumes and networks, as and where they say',
    service:
      'pre_start pre_start.*.command pre_start.*.user pre_start.*.working_dir pre_start.*.environment pre_start.*.image pre_start.*.per_replica',
  },
  {
    file: hooks,
    title: 'before containers of a service have privileges only where they ask for them',
    service: 'pre_start.*.privileged',
  },
  {
    file: drivers,
    title: 'syslog sends every line to a local socket, and keeps it for logs',
    service: 'logging.driver logging.options.syslog-address logging.options.tag',
  },
  {
    file: drivers,
    title: 'syslog sends to UDP, with facility and format',
    service: 'logging.options.syslog-facility logging.options.syslog-format',
  },
  {
    file: drivers,
    title: 'journald sends fields and any text in the form of the journal',
    service: 'logging.options.labels logging.options.labels-regex logging.options.env-regex logging.options.env',
  },
  {
    file: pulls,
    title: 'is pulled again when it is older than the policy allows',
    service: 'pull_policy pull_refresh_after',
  },
  {
    file: containers,
    title: 'gets its hostname, user, groups, directory and environment',
    service: 'hostname user group_add working_dir environment env_file env_file.*.path oom_score_adj',
  },
  {
    file: containers,
    title: 'is limited in CPU, memory, processes, files and shared memory',
    service:
      'cpus cpuset mem_limit mem_reservation pids_limit shm_size ulimits ulimits.*.soft ulimits.*.hard sysctls deploy.resources.limits.memory',
  },
  {
    file: containers,
    title: 'cannot write where it is read-only, gain privileges, or keep dropped capabilities',
    service: 'read_only cap_add cap_drop security_opt tmpfs',
  },
  { file: containers, title: 'has every capability and device where it is privileged', service: 'privileged' },
  {
    file: containers,
    title: 'has the names, resolvers and devices that it asked for',
    service: 'dns_search devices devices.*.source devices.*.target devices.*.permissions',
  },
  {
    file: containers,
    title: 'has its binds, volumes with the content of the image, secrets and configs',
    service:
      'volumes volumes.*.type volumes.*.source volumes.*.target volumes.*.read_only secrets secrets.*.source secrets.*.target secrets.*.uid secrets.*.gid secrets.*.mode configs configs.*.source configs.*.target',
    top: 'volumes secrets secrets.*.environment configs configs.*.content',
  },
  {
    file: containers,
    title: 'has process, mount, network, IPC, UTS and cgroup namespaces of its own',
    service: 'init',
  },
  { file: containers, title: 'runs unconfined where asked', service: 'security_opt' },
  {
    file: networks,
    title: "are those of services, containers and aliases, alone and with the network's name",
    service: 'networks networks.*.aliases',
    top: 'networks',
  },
  {
    file: networks,
    title: 'has the static address',
    service: 'networks.*.ipv4_address',
    top: 'networks.*.ipam networks.*.ipam.config networks.*.ipam.config.*.subnet',
  },
  { file: networks, title: 'include container_name in any case', service: 'container_name' },
  { file: networks, title: 'are asked of the servers that `dns` names', service: 'dns' },
  { file: networks, title: 'stand for every container of a service', service: 'scale' },
  { file: networks, title: 'stays inside internal networks', top: 'networks.*.internal' },
  {
    file: networks,
    title: 'are reached from outside and see the address of the client',
    service: 'ports ports.*.target ports.*.protocol',
  },
  { file: networks, title: 'answer at their host_ip only', service: 'ports.*.host_ip' },
  {
    file: networks,
    title: 'are of the kernel’s choosing or the first free one of a range, and `port` tells',
    service: 'ports.*.published',
  },
  {
    file: networks,
    title: 'service:web shares the network of web, also after web was restarted and recreated',
    service: 'network_mode',
  },
  { file: networks, title: 'host is the network of the host', service: 'network_mode' },
  { file: networks, title: 'extra_hosts knows the host as host-gateway', service: 'extra_hosts' },
  { file: dependencies, title: 'start after them and stop before them', service: 'depends_on' },
  { file: dependencies, title: 'wait for what has to end well first', service: 'depends_on.*.condition' },
  {
    file: dependencies,
    title: 'are restarted after a dependency only with restart: true, and not with --no-deps',
    service: 'depends_on.*.restart',
  },
  {
    file: dependencies,
    title: 'start all the same where the dependency is not required',
    service: 'depends_on.*.required',
  },
  {
    file: dependencies,
    title: 'becomes healthy in the start period by start_interval, long before the interval',
    service: 'healthcheck healthcheck.test healthcheck.interval healthcheck.start_interval',
  },
  { file: dependencies, title: 'counts no failure in the start period', service: 'healthcheck.start_period' },
  {
    file: dependencies,
    title: 'becomes unhealthy after its retries, runs on, and recovers',
    service: 'healthcheck.retries',
  },
  { file: dependencies, title: 'has no check where the file disables it', service: 'healthcheck.disable' },
  { file: apply, title: 'starts services of a profile only when it is on or they are named', service: 'profiles' },
  {
    file: 'e2e/lifecycle.test.ts',
    title: 'replaces by policy what was killed: with restart always the container is back, without it stays ended',
    service: 'restart',
  },
  {
    file: logs,
    title: 'rotates by max-size and max-file, and reads every file that is left',
    service: 'logging logging.driver logging.options logging.options.max-size logging.options.max-file',
  },
  {
    file: 'e2e/user-namespace.test.ts',
    title: 'gives each container ids of its own, and root of a container is nobody of the host',
    service: 'userns_mode',
  },
  { file: 'e2e/runtime.test.ts', title: 'make the containers of those services that name one', service: 'runtime' },
  {
    file: 'e2e/attached-up.test.ts',
    title: 'shows lines without prefixes, with times, of chosen services',
    service: 'attach',
  },
  { file: 'e2e/run-exec.test.ts', title: 'replaces the command, and with --entrypoint both', service: 'command' },
  {
    file: effects,
    title: 'limits processor and swap, by itself and by deploy',
    service:
      'cpu_period cpu_quota cpu_shares memswap_limit deploy.resources deploy.resources.limits deploy.resources.limits.cpus deploy.resources.limits.pids deploy.resources.reservations deploy.resources.reservations.memory',
  },
  { file: effects, title: 'runs as many containers as deploy.replicas says', service: 'deploy deploy.replicas' },
  {
    file: effects,
    title: 'hands annotations to the runtime and labels to whoever lists containers',
    service: 'annotations labels label_file deploy.labels',
  },
  { file: effects, title: 'shows exposed ports, which are not published', service: 'expose' },
  {
    file: effects,
    title: 'reads variables from raw and optional files',
    service: 'environment env_file env_file.*.required env_file.*.format',
  },
  { file: effects, title: 'pulls nothing where the policy is never, and says so', service: 'pull_policy' },
  { file: effects, title: 'has its domain and resolver options', service: 'domainname dns_opt' },
  {
    file: effects,
    title: 'gives a network its own name, gateway and range, and nobody a reserved address',
    top: 'networks.*.name networks.*.labels networks.*.ipam.config.*.ip_range networks.*.ipam.config.*.gateway networks.*.ipam.config.*.aux_addresses',
  },
  {
    file: effects,
    title: 'runs the entrypoint, and ends it by its own signal or by force when its time is up',
    service: 'entrypoint stop_signal stop_grace_period',
  },
  { file: effects, title: 'keeps standard input open, and gives a terminal, where asked', service: 'stdin_open tty' },
  {
    file: effects,
    title: 'mounts memory by size and mode, and a volume without the files of the image',
    service: 'volumes.*.tmpfs volumes.*.tmpfs.size volumes.*.tmpfs.mode volumes.*.volume volumes.*.volume.nocopy',
    top: 'volumes.*.name volumes.*.labels',
  },
  {
    file: effects,
    title: 'makes missing directories of the host, and lets later mounts in where they propagate',
    service: 'volumes.*.bind volumes.*.bind.create_host_path volumes.*.bind.propagation',
  },
  {
    file: effects,
    title: 'writes configs and secrets of variables and files with their owner and mode',
    service: 'configs.*.uid configs.*.gid configs.*.mode',
    top: 'configs.*.environment configs.*.file configs.*.name configs.*.labels secrets.*.file secrets.*.name secrets.*.labels',
  },
  {
    file: storage,
    title: 'mounts parts of volumes, file systems of volumes and images as the file says',
    service: 'volumes.*.volume.subpath volumes.*.volume.labels volumes.*.image volumes.*.image.subpath',
    top: 'volumes.*.driver_opts volumes.*.driver',
  },
  {
    file: storage,
    title: 'treats mounts below the source of a bind as the file says',
    service: 'volumes.*.bind.recursive tmpfs',
  },
  {
    file: externals,
    title: 'are used by two stacks, which find each other and the same content',
    top: 'networks.*.external volumes.*.external secrets.*.external configs.*.external',
  },
  {
    file: 'e2e/volumes-from.test.ts',
    title: 'gives a container the volumes, binds and images of another one, read-only where asked',
    service: 'volumes_from',
  },
  { file: effects, title: 'ends a probe that takes too long', service: 'healthcheck.timeout' },
  {
    file: 'e2e/bad-input.test.ts',
    title: 'names a bind source that is missing',
    service: 'volumes.*.bind.create_host_path',
  },
  {
    file: 'e2e/image-change.test.ts',
    title: 'is shown by plan, ignored with --no-recreate, and taken by up',
    service: 'image',
  },
  { file: cdi, title: 'are given by their names', service: 'devices.*.source' },
  {
    file: cdi,
    title: 'are given by what they can do',
    service: ['gpus', 'deploy.resources.reservations.devices']
      .flatMap((path) => ['capabilities', 'count', 'device_ids', 'driver'].map((key) => `${path}.*.${key}`))
      .join(' '),
  },
  { file: deploy, title: 'mode global runs one container on the one node', service: 'deploy.mode' },
  {
    file: deploy,
    title: 'placement and reservations choose the node',
    service:
      'deploy.placement.constraints deploy.placement.max_replicas_per_node deploy.resources.reservations.cpus ' +
      'deploy.resources.reservations.generic_resources.*.discrete_resource_spec.kind ' +
      'deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value',
  },
  {
    file: deploy,
    title: 'restart_policy restarts after its delay, as often as it says',
    service:
      'deploy.restart_policy.condition deploy.restart_policy.delay deploy.restart_policy.max_attempts deploy.restart_policy.window',
  },
  {
    file: placement,
    title: 'spreads over the values of labels, and fills other branches when one is full',
    service: 'deploy.placement.preferences.*.spread',
  },
  {
    file: deploy,
    title: 'endpoint_mode vip has the name of a service stand for one address, dnsrr for those of its containers',
    service: 'deploy.endpoint_mode',
  },
  {
    file: 'e2e/seamless-update.test.ts',
    title: 'of one container on one host loses no request, by its name or by its port',
    service: 'deploy.update_config.order deploy.update_config.monitor',
  },
  {
    file: updates,
    title: 'replaces so many at a time, so long apart',
    service: 'deploy.update_config.parallelism deploy.update_config.delay',
  },
  {
    file: updates,
    title: 'pauses when too many fail, survives the manager, and says why',
    service: 'deploy.update_config.failure_action deploy.update_config.max_failure_ratio',
  },
  {
    file: updates,
    title: 'is taken back as rollback_config says',
    service: ['delay', 'failure_action', 'max_failure_ratio', 'monitor', 'order', 'parallelism']
      .map((key) => `deploy.rollback_config.${key}`)
      .join(' '),
  },
  {
    file: updates,
    title: 'gives up at its deadline',
    service: 'x-tsstack.progress_deadline',
  },
  {
    file: rebalances,
    title: 'moves containers to a node that came late, one after the other, and rests then',
    service: 'x-tsstack.rebalance',
  },
  {
    file: placement,
    title: 'goes where the node is of the platform that the service names',
    service: 'platform',
  },
  {
    file: services,
    title: 'of a job runs so many at once until all have completed',
    service: 'x-tsstack.max_concurrent',
  },
  {
    file: services,
    title: 'of a job with a schedule runs when its time has come',
    service: 'x-tsstack.schedule x-tsstack.time_zone',
  },
  { file: namespaces, title: 'of another service are joined', service: 'pid ipc network_mode' },
  { file: namespaces, title: 'of the host are joined', service: 'uts cgroup' },
  {
    file: resources,
    title: 'bound what a container reads and writes per second',
    service:
      'blkio_config.weight blkio_config.weight_device.*.path blkio_config.weight_device.*.weight ' +
      'blkio_config.device_read_bps.*.path blkio_config.device_read_bps.*.rate ' +
      'blkio_config.device_read_iops.*.path blkio_config.device_read_iops.*.rate ' +
      'blkio_config.device_write_bps.*.path blkio_config.device_write_bps.*.rate ' +
      'blkio_config.device_write_iops.*.path blkio_config.device_write_iops.*.rate',
  },
  { file: resources, title: 'bound memory with swap', service: 'mem_swappiness oom_kill_disable' },
  { file: resources, title: 'are shares in the cgroup that the file names', service: 'cgroup_parent' },
  { file: resources, title: 'are the devices of device_cgroup_rules', service: 'device_cgroup_rules' },
  { file: resources, title: 'of the system are hidden unless security_opt opens them', service: 'security_opt' },
  { file: resources, title: 'in real time are those of the host', service: 'cpu_rt_period cpu_rt_runtime' },
  {
    file: 'integration/shim-log-limits.test.ts',
    title: 'are made of all rotated files, one after the other, and read as one',
    service: 'logging.options.compress',
  },
  {
    file: 'integration/shim-log-limits.test.ts',
    title: 'mode: ${mode}',
    service: 'logging.options.mode logging.options.max-buffer-size',
  },
  {
    file: 'integration/image-registry.test.ts',
    title: 'takes the entry of an index that fits this host',
    service: 'platform',
  },
  {
    file: ipv6,
    title: 'are the given ones, of the given subnets, without a wait for duplicates',
    service: 'networks.*.ipv6_address',
    top: 'networks.*.enable_ipv6 networks.*.ipam.config.*.subnet networks.*.ipam.config.*.gateway',
  },
  { file: ipv6, title: 'are of IPv6 alone with enable_ipv4: false', top: 'networks.*.enable_ipv4' },
  {
    file: ipv6,
    title: 'come from the ranges of several pools, and leave out what is reserved',
    top: 'networks.*.ipam.config networks.*.ipam.config.*.ip_range networks.*.ipam.config.*.aux_addresses',
  },
  { file: ipv6, title: 'are in /etc/hosts, with extra_hosts', service: 'extra_hosts' },
  {
    file: networkOptions,
    title: 'has the name and the MAC that the file gives',
    service: 'networks.*.interface_name networks.*.mac_address networks.*.driver_opts',
  },
  {
    file: networkOptions,
    title: 'comes first by its priority, and has the MAC of the service then',
    service: 'networks.*.priority mac_address',
  },
  { file: networkOptions, title: 'has the default route by its gw_priority', service: 'networks.*.gw_priority' },
  { file: networkOptions, title: 'has its link-local addresses', service: 'networks.*.link_local_ips' },
  { file: networkOptions, title: 'has the settings of its interface', service: 'networks.*.driver_opts' },
  {
    file: networkOptions,
    title: 'are names for the service that has them',
    service: 'links external_links',
  },
  {
    file: networkOptions,
    title: 'has the name, the MTU and the interface prefix of its options',
    top: 'networks.*.driver_opts',
  },
  {
    file: networkOptions,
    title: 'overlay is a bridge on a lone host',
    top: 'networks.*.driver networks.*.attachable',
  },
  {
    file: networkOptions,
    title: 'the networks host and none are the modes of these names',
    top: 'networks.*.driver',
  },
  {
    file: networkOptions,
    title: 'macvlan has an address and a MAC of its own on the wire of the host',
    top: 'networks.*.driver',
  },
  {
    file: networkOptions,
    title: 'network_mode bridge leads out, to a network apart from the others',
    service: 'network_mode',
  },
  { file: networkOptions, title: 'ports of SCTP are translated like others', service: 'ports.*.protocol' },
];

/** The tests of an attribute by its path. */
export function testsOf(path: string): readonly AttributeTest[] {
  return ATTRIBUTE_TESTS.filter((test) => attributesOf(test).includes(path));
}

/** Paths of the attributes that a test observes. */
export function attributesOf({ service = '', top = '' }: AttributeTest): readonly string[] {
  const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
  return [...words(service).map((path) => `services.*.${path}`), ...words(top)];
}
