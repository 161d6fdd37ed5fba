/**
 * The canonical model of a stack file: what `config --format json` prints, with every short form written out.
 * Names are those of the Compose Specification. Byte sizes are decimal strings, durations are in the form `1m30s`, file modes
 * of grants are octal strings; src/stack/units has the functions that read them. An absent key means "not said in the file".
 */

/** A mapping whose null values mean "inherit from the environment of the command, else unset". */
type EnvironmentMap = Readonly<Record<string, string | null>>;
type StringMap = Readonly<Record<string, string>>;
/** Any value of YAML, as found under `x-` keys. */
export type YamlValue = string | number | boolean | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };
/** `x-` keys; they carry no meaning for tsstack unless it says so. */
type Extensions = { readonly [key: `x-${string}`]: YamlValue };

export type ComposeProject = Extensions & {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks?: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes?: Readonly<Record<string, ComposeVolume>>;
  readonly configs?: Readonly<Record<string, ComposeConfig>>;
  readonly secrets?: Readonly<Record<string, ComposeSecret>>;
  readonly models?: Readonly<Record<string, ComposeModel>>;
};

export type ComposeService = Extensions & {
  readonly annotations?: StringMap;
  /** Default true. */
  readonly attach?: boolean;
  readonly blkio_config?: ComposeBlkio;
  readonly build?: ComposeBuild;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly cgroup?: 'host' | 'private';
  readonly cgroup_parent?: string;
  /** Null keeps the image's; empty clears it. */
  readonly command: readonly string[] | null;
  readonly configs?: readonly ComposeGrant[];
  readonly container_name?: string;
  readonly cpu_count?: number;
  readonly cpu_percent?: number;
  readonly cpu_period?: number;
  readonly cpu_quota?: number;
  readonly cpu_rt_period?: number;
  readonly cpu_rt_runtime?: number;
  readonly cpu_shares?: number;
  readonly cpus?: number;
  readonly cpuset?: string;
  readonly credential_spec?: ComposeCredentialSpec;
  readonly depends_on?: Readonly<Record<string, ComposeDependency>>;
  readonly deploy?: ComposeDeploy;
  readonly develop?: ComposeDevelop;
  readonly device_cgroup_rules?: readonly string[];
  readonly devices?: readonly ComposeDevice[];
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly domainname?: string;
  /** Null keeps the image's; any list also discards the image's command. */
  readonly entrypoint: readonly string[] | null;
  /** Only left with `noEnvResolution`: otherwise folded into `environment`. */
  readonly env_file?: readonly ComposeEnvFile[];
  readonly environment?: EnvironmentMap;
  readonly expose?: readonly string[];
  readonly external_links?: readonly string[];
  /** `host=address` lines, sorted. */
  readonly extra_hosts?: readonly string[];
  readonly gpus?: readonly ComposeDeviceRequest[];
  readonly group_add?: readonly string[];
  readonly healthcheck?: ComposeHealthcheck;
  readonly hostname?: string;
  readonly image?: string;
  readonly init?: boolean;
  readonly ipc?: string;
  readonly isolation?: string;
  /** Only left with `noEnvResolution`: otherwise folded into `labels`. */
  readonly label_file?: readonly string[];
  readonly labels?: StringMap;
  readonly links?: readonly string[];
  readonly logging?: ComposeLogging;
  readonly mac_address?: string;
  readonly mem_limit?: string;
  readonly mem_reservation?: string;
  readonly mem_swappiness?: string;
  /** -1 = unlimited. */
  readonly memswap_limit?: string;
  readonly models?: Readonly<Record<string, ComposeServiceModel | null>>;
  /** `none`, `host`, `bridge`, `service:x` or `container:x`. */
  readonly network_mode?: string;
  /** Absent with `network_mode`; null = joined without options. */
  readonly networks?: Readonly<Record<string, ComposeEndpoint | null>>;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly pid?: string;
  /** -1 = unlimited. */
  readonly pids_limit?: number;
  readonly platform?: string;
  readonly ports?: readonly ComposePort[];
  readonly post_start?: readonly ComposeHook[];
  readonly pre_start?: readonly ComposeInitHook[];
  readonly pre_stop?: readonly ComposeHook[];
  readonly privileged?: boolean;
  readonly profiles?: readonly string[];
  readonly provider?: ComposeProvider;
  readonly pull_policy?: string;
  readonly pull_refresh_after?: string;
  readonly read_only?: boolean;
  /** `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:n`. */
  readonly restart?: string;
  readonly runtime?: string;
  readonly scale?: number;
  readonly secrets?: readonly ComposeGrant[];
  readonly security_opt?: readonly string[];
  readonly shm_size?: string;
  readonly stdin_open?: boolean;
  readonly stop_grace_period?: string;
  readonly stop_signal?: string;
  readonly storage_opt?: StringMap;
  readonly sysctls?: StringMap;
  readonly tmpfs?: readonly string[];
  readonly tty?: boolean;
  readonly ulimits?: Readonly<Record<string, number | ComposeUlimit>>;
  readonly use_api_socket?: boolean;
  readonly user?: string;
  readonly userns_mode?: string;
  readonly uts?: string;
  readonly volumes?: readonly ComposeMount[];
  readonly volumes_from?: readonly string[];
  readonly working_dir?: string;
  readonly 'x-tsstack'?: ComposeServiceExtension;
};

/** What tsstack has beyond the specification. */
type ComposeServiceExtension = Extensions & {
  /** How long an update waits for a new container to come up. */
  readonly progress_deadline?: string;
  /** Cron expression of a job. */
  readonly schedule?: string;
  readonly time_zone?: string;
  /** How many containers of a job run at once. */
  readonly max_concurrent?: number;
  /** Whether containers move by themselves to nodes that have fewer. */
  readonly rebalance?: 'auto' | 'manual';
};

type ComposeDependencyCondition = 'service_started' | 'service_healthy' | 'service_completed_successfully';

type ComposeDependency = Extensions & {
  readonly condition: ComposeDependencyCondition;
  /** Default false. */
  readonly restart?: boolean;
  readonly required: boolean;
};

export type ComposePort = Extensions & {
  readonly name?: string;
  readonly mode: string;
  readonly host_ip?: string;
  readonly target: number;
  /** A port, or a range `a-b` to pick from; absent = any free port. */
  readonly published?: string;
  readonly protocol: string;
  readonly app_protocol?: string;
};

export type ComposeMount = Extensions & {
  readonly type: 'volume' | 'bind' | 'tmpfs' | 'image' | 'npipe' | 'cluster';
  /** Key of a top-level volume, path or image reference; absent = anonymous. */
  readonly source?: string;
  readonly target: string;
  /** Default false. */
  readonly read_only?: boolean;
  readonly consistency?: string;
  readonly bind?: ComposeBindOptions;
  readonly volume?: ComposeVolumeOptions;
  readonly tmpfs?: ComposeTmpfsOptions;
  readonly image?: ComposeImageOptions;
};

type ComposeBindOptions = Extensions & {
  readonly propagation?: string;
  /** Make a missing source, as root. Always there in the canonical model. */
  readonly create_host_path?: boolean;
  readonly recursive?: 'enabled' | 'disabled' | 'writable' | 'readonly';
  readonly selinux?: 'z' | 'Z';
};

type ComposeVolumeOptions = Extensions & {
  readonly labels?: StringMap;
  readonly nocopy?: boolean;
  readonly subpath?: string;
};

type ComposeTmpfsOptions = Extensions & {
  readonly size?: string;
  /** A number, not octal text: 0750 in the file is 488 here. */
  readonly mode?: number;
};

type ComposeImageOptions = Extensions & { readonly subpath?: string };

/** A secret or config given to a service. */
export type ComposeGrant = Extensions & {
  readonly source: string;
  /** A secret without one gets `/run/secrets/<source>`; a config without one is mounted at `/<source>`. */
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  /** Octal, as `0440`. */
  readonly mode?: string;
};

export type ComposeEndpoint = Extensions & {
  readonly aliases?: readonly string[];
  readonly driver_opts?: StringMap;
  readonly gw_priority?: number;
  readonly interface_name?: string;
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly link_local_ips?: readonly string[];
  readonly mac_address?: string;
  readonly priority?: number;
};

export type ComposeHealthcheck = Extensions & {
  /** Starts with CMD, CMD-SHELL or NONE. */
  readonly test?: readonly string[];
  readonly timeout?: string;
  readonly interval?: string;
  readonly retries?: number;
  readonly start_period?: string;
  readonly start_interval?: string;
  readonly disable?: boolean;
};

export type ComposeLogging = Extensions & { readonly driver?: string; readonly options?: StringMap };

type ComposeUlimit = Extensions & { readonly soft: number; readonly hard: number };

type ComposeDevice = Extensions & {
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
};

export type ComposeEnvFile = Extensions & {
  readonly path: string;
  readonly required: boolean;
  readonly format?: string;
};

type ComposeServiceModel = Extensions & { readonly endpoint_var?: string; readonly model_var?: string };

type ComposeHook = Extensions & {
  readonly command: readonly string[];
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: EnvironmentMap;
};

type ComposeInitHook = Extensions & {
  readonly command?: readonly string[];
  readonly image?: string;
  readonly user?: string;
  readonly privileged?: boolean;
  readonly working_dir?: string;
  readonly environment?: EnvironmentMap;
  readonly per_replica?: boolean;
};

type ComposeProvider = Extensions & {
  readonly type: string;
  readonly options?: Readonly<Record<string, readonly string[]>>;
};

type ComposeCredentialSpec = Extensions & {
  readonly config?: string;
  readonly file?: string;
  readonly registry?: string;
};

type ComposeBlkio = Extensions & {
  readonly weight?: number;
  readonly weight_device?: readonly (Extensions & { readonly path: string; readonly weight: number })[];
  readonly device_read_bps?: readonly ComposeThrottle[];
  readonly device_read_iops?: readonly ComposeThrottle[];
  readonly device_write_bps?: readonly ComposeThrottle[];
  readonly device_write_iops?: readonly ComposeThrottle[];
};

/** Rate in bytes or operations per second, as a decimal string. */
type ComposeThrottle = Extensions & { readonly path: string; readonly rate: string };

type ComposeDeviceRequest = Extensions & {
  readonly capabilities?: readonly string[];
  readonly driver?: string;
  /** -1 = all. */
  readonly count?: number;
  readonly device_ids?: readonly string[];
  readonly options?: StringMap;
};

type ComposeBuild = Extensions & {
  readonly context?: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  readonly entitlements?: readonly string[];
  readonly args?: EnvironmentMap;
  readonly provenance?: string;
  readonly sbom?: string;
  readonly ssh?: readonly string[];
  readonly labels?: StringMap;
  readonly cache_from?: readonly string[];
  readonly cache_to?: readonly string[];
  readonly no_cache?: boolean;
  readonly no_cache_filter?: readonly string[];
  readonly additional_contexts?: StringMap;
  readonly pull?: boolean;
  readonly extra_hosts?: readonly string[];
  readonly isolation?: string;
  readonly network?: string;
  readonly target?: string;
  readonly secrets?: readonly ComposeGrant[];
  readonly shm_size?: string;
  readonly tags?: readonly string[];
  readonly ulimits?: Readonly<Record<string, number | ComposeUlimit>>;
  readonly platforms?: readonly string[];
  readonly privileged?: boolean;
};

type ComposeDeploy = Extensions & {
  readonly mode?: string;
  readonly replicas?: number;
  readonly labels?: StringMap;
  readonly update_config?: ComposeUpdateConfig;
  readonly rollback_config?: ComposeUpdateConfig;
  readonly resources: ComposeResources;
  readonly restart_policy?: ComposeRestartPolicy;
  readonly placement: ComposePlacement;
  readonly endpoint_mode?: string;
};

type ComposeUpdateConfig = Extensions & {
  readonly parallelism?: number;
  readonly delay?: string;
  readonly failure_action?: string;
  readonly monitor?: string;
  readonly max_failure_ratio?: number;
  readonly order?: string;
};

type ComposeResources = Extensions & {
  readonly limits?: ComposeResourceLimits;
  readonly reservations?: ComposeResourceReservations;
};

type ComposeResourceLimits = Extensions & {
  readonly cpus?: number;
  readonly memory?: string;
  readonly pids?: number;
};

type ComposeResourceReservations = Extensions & {
  readonly cpus?: number;
  readonly memory?: string;
  readonly devices?: readonly ComposeDeviceRequest[];
  readonly generic_resources?: readonly (Extensions & {
    readonly discrete_resource_spec?: Extensions & { readonly kind?: string; readonly value?: number };
  })[];
};

type ComposeRestartPolicy = Extensions & {
  readonly condition?: string;
  readonly delay?: string;
  readonly max_attempts?: number;
  readonly window?: string;
};

type ComposePlacement = Extensions & {
  readonly constraints?: readonly string[];
  readonly preferences?: readonly (Extensions & { readonly spread?: string })[];
  readonly max_replicas_per_node?: number;
};

type ComposeDevelop = Extensions & { readonly watch?: readonly ComposeWatchRule[] };

type ComposeWatchRule = Extensions & {
  readonly path: string;
  readonly action: 'rebuild' | 'restart' | 'sync' | 'sync+restart' | 'sync+exec';
  readonly target?: string;
  readonly exec?: ComposeHook;
  readonly include?: readonly string[];
  readonly ignore?: readonly string[];
  readonly initial_sync?: boolean;
};

export type ComposeNetwork = Extensions & {
  /** `<project>_<key>` unless the file names it or it is external. */
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly ipam: ComposeIpam;
  readonly external?: boolean;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly labels?: StringMap;
  readonly enable_ipv4?: boolean;
  readonly enable_ipv6?: boolean;
};

type ComposeIpam = Extensions & {
  readonly driver?: string;
  readonly config?: readonly ComposeIpamPool[];
  readonly options?: StringMap;
};

type ComposeIpamPool = Extensions & {
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ip_range?: string;
  readonly aux_addresses?: StringMap;
};

export type ComposeVolume = Extensions & {
  readonly name: string;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly external?: boolean;
  readonly labels?: StringMap;
};

export type ComposeConfig = Extensions & {
  readonly name: string;
  readonly file?: string;
  readonly environment?: string;
  readonly content?: string;
  readonly external?: boolean;
  readonly labels?: StringMap;
  readonly template_driver?: string;
};

export type ComposeSecret = Extensions & {
  readonly name: string;
  readonly file?: string;
  readonly environment?: string;
  readonly external?: boolean;
  readonly labels?: StringMap;
  readonly driver?: string;
  readonly driver_opts?: StringMap;
  readonly template_driver?: string;
};

export type ComposeModel = Extensions & {
  /** For display; the key unless given. */
  readonly name?: string;
  readonly model: string;
  readonly context_size?: number;
  readonly runtime_flags?: readonly string[];
};
