/**
 * Specs: what a user wants. They are made from a stack file by the command line (src/stack/lower), travel as JSON documents,
 * are validated at the manager's door and never change afterwards: a change is a new spec.
 * Absent values are null, sizes end in `Bytes`, times in `Ms`, so that a document reads the same everywhere.
 */

import type { BlockIoSpec } from './block-io-spec.ts';
import type { DeploySpec } from './deploy-spec.ts';
import type { DeviceRequestSpec } from './device-request-spec.ts';
import type { NamespacesSpec } from './namespaces-spec.ts';
import type { ProviderSpec } from './provider-spec.ts';
import type { VlanDriver } from './vlan-options.ts';

/** One stack: everything that one or several merged stack files declare. */
export interface StackSpec {
  readonly name: string;
  /** Absolute directory that relative paths of the file were resolved against. */
  readonly workingDir: string;
  /** Absolute paths of the files it came from; `-` for standard input. */
  readonly files: readonly string[];
  readonly services: Readonly<Record<string, ServiceSpec>>;
  /** By the key in the stack file; `name` is the object's own name. */
  readonly networks: Readonly<Record<string, NetworkSpec>>;
  readonly volumes: Readonly<Record<string, VolumeSpec>>;
  readonly secrets: Readonly<Record<string, PayloadSpec>>;
  readonly configs: Readonly<Record<string, PayloadSpec>>;
  /** Names of services that the file has but a profile or the selection left out: they are no orphans. */
  readonly disabledServices: readonly string[];
  /** Services without containers; managers only remember them. */
  readonly providers: Readonly<Record<string, ProviderSpec>>;
}

export interface ServiceSpec {
  readonly name: string;
  /** Reference as in the file: `redis:7`, `repo@sha256:…`, `oci-layout://DIR`, `docker-archive://FILE`, `rootfs://DIR`. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly replicas: number;
  /** Literal container name, or null for `<stack>-<service>-<slot>`. */
  readonly containerName: string | null;
  readonly container: ContainerSpec;
  readonly networkMode: NetworkMode;
  readonly namespaces: NamespacesSpec;
  /** Containers whose volumes, binds and image mounts it has too, where it has no mount of its own. */
  readonly volumesFrom: readonly VolumesFromSpec[];
  /** Empty unless networkMode.kind is `networks`. */
  readonly networks: readonly NetworkAttachmentSpec[];
  readonly links: readonly LinkSpec[];
  readonly ports: readonly PortSpec[];
  readonly expose: readonly string[];
  readonly dependsOn: Readonly<Record<string, DependencySpec>>;
  /** Local restarts, done by the shim. */
  readonly restart: RestartSpec;
  readonly hooks: HooksSpec;
  /** `attach: false`: output is not collected by `up` and `logs` unless the service is named. */
  readonly attach: boolean;
  readonly deploy: DeploySpec;
  /** deploy.labels: on the service, not on its containers. */
  readonly serviceLabels: Readonly<Record<string, string>>;
}

/** `refreshAfterMs`: when it is missing, or its name was given to it longer ago than that (pulled, loaded, imported). */
export type PullPolicy = 'always' | 'missing' | 'never' | { readonly refreshAfterMs: number };

export type NetworkMode =
  | { readonly kind: 'networks' }
  | { readonly kind: 'none' }
  | { readonly kind: 'host' }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'container'; readonly container: string };

/** Of a service it is the container with the lowest number. */
export type VolumesFromSpec = (
  { readonly kind: 'service'; readonly service: string } | { readonly kind: 'container'; readonly container: string }
) & { readonly readOnly: boolean };

export interface NetworkAttachmentSpec {
  /** Key of the network in the stack. */
  readonly network: string;
  readonly aliases: readonly string[];
  readonly ipv4Address: string | null;
  readonly ipv6Address: string | null;
  /** Further addresses, of the link alone: 169.254.0.0/16 and fe80::/10. */
  readonly linkLocalAddresses: readonly string[];
  /** Null = made from the address. */
  readonly macAddress: string | null;
  /** Null = eth0, eth1, … in the order of the networks. */
  readonly interfaceName: string | null;
  /** The highest one provides the default route; among equals the order of the networks decides. */
  readonly gatewayPriority: number;
  /** Settings of the interface, whose name is written IFNAME: `net.ipv4.conf.IFNAME.log_martians`. */
  readonly sysctls: Readonly<Record<string, string>>;
}

/** A name that one service alone has for another, or for a container of another stack. */
export interface LinkSpec {
  readonly alias: string;
  /** Name that it stands for, on the networks that both are on: of a service or of a container. */
  readonly target: string;
}

export interface PortSpec {
  readonly target: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `host`: only at the node that has the container; `ingress`: at every node of the cluster. */
  readonly mode: 'ingress' | 'host';
  /** Null = all addresses of the host. */
  readonly hostIp: string | null;
  /** Null = any free port; a range = the first free one in it. */
  readonly published: { readonly from: number; readonly to: number } | null;
}

export interface DependencySpec {
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  /** Restart the dependant when the dependency is restarted or replaced by a command. */
  readonly restart: boolean;
  /** False: a missing or failed dependency is only a warning. */
  readonly required: boolean;
}

export interface RestartSpec {
  readonly policy: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  /** 0 = unlimited. */
  readonly maxRetries: number;
  /**
   * With `deploy.restart_policy`: the pause before each restart; a run that has lasted for the window was no failed attempt (0: all
   * count); an unhealthy container is a failed one. Null = as on a single engine: the pauses grow, and unhealthy is only reported.
   */
  readonly supervision: { readonly delayMs: number; readonly windowMs: number } | null;
}

/** What runs around the lives of a service's containers; each list in its order, up to the first that fails. */
export interface HooksSpec {
  /** Containers of their own that have to end with 0 before those of the service start. */
  readonly preStart: readonly PreStartHookSpec[];
  /** In each container, after a command has started it. */
  readonly postStart: readonly HookSpec[];
  /** In each container, before the signal of a stop. */
  readonly preStop: readonly HookSpec[];
}

/** A command in a container; null means as the container's own program. */
export interface HookSpec {
  readonly command: readonly string[];
  readonly user: string | null;
  readonly privileged: boolean;
  readonly workingDir: string | null;
  /** Added to the service's. */
  readonly environment: Readonly<Record<string, string | null>>;
}

export interface PreStartHookSpec extends Omit<HookSpec, 'command'> {
  /** Null = the image's. */
  readonly command: readonly string[] | null;
  /** Null = the service's, with its user and directory. */
  readonly image: string | null;
  /** Before each container, instead of once while none of the service runs. */
  readonly perReplica: boolean;
}

/** What one container is made from; null means "as the image says, else the engine's default". */
export interface ContainerSpec {
  /** Null keeps the image's; an entrypoint (even empty) also discards the image's command. */
  readonly entrypoint: readonly string[] | null;
  /** Null keeps the image's; empty clears it. */
  readonly command: readonly string[] | null;
  /** Null value = unset, also hiding the image's. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly workingDir: string | null;
  readonly user: string | null;
  readonly groupAdd: readonly string[];
  readonly hostname: string | null;
  readonly domainname: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly tty: boolean;
  readonly stdinOpen: boolean;
  readonly init: boolean;
  readonly readOnly: boolean;
  readonly privileged: boolean;
  /** `host`: ids are those of the host; `auto`: a user namespace with a range of ids of its own, chosen by the agent. */
  readonly userNamespace: 'host' | 'auto';
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly noNewPrivileges: boolean;
  /** Null = the built-in profile; `unconfined`; or the text of a profile in JSON. */
  readonly seccomp: string | null;
  /** AppArmor profile, which the node has to know; null = none of its own. */
  readonly apparmor: string | null;
  /** `disable`, or fields of the SELinux label as `type:NAME`; without effect on nodes without SELinux. */
  readonly selinux: readonly string[];
  /** Paths of /proc and /sys that are hidden or read-only elsewhere are as on the host. */
  readonly systemPathsUnconfined: boolean;
  /** The container may change its own cgroups. */
  readonly writableCgroups: boolean;
  readonly mounts: readonly MountSpec[];
  readonly secrets: readonly PayloadMountSpec[];
  readonly configs: readonly PayloadMountSpec[];
  readonly devices: readonly { readonly source: string; readonly target: string; readonly permissions: string }[];
  /** CDI devices by their whole names: `vendor.com/class=name`. */
  readonly deviceNames: readonly string[];
  readonly deviceRequests: readonly DeviceRequestSpec[];
  /** Access beyond the devices above; a null number stands for all. */
  readonly deviceRules: readonly {
    readonly type: 'a' | 'b' | 'c';
    readonly major: number | null;
    readonly minor: number | null;
    readonly access: string;
  }[];
  readonly shmSizeBytes: number | null;
  /** Most that it may write outside of its mounts; null = as much as there is room for. */
  readonly storageBytes: number | null;
  readonly ulimits: Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Host name to addresses; `host-gateway` stands for the host as seen from the bridge. */
  readonly extraHosts: readonly { readonly host: string; readonly address: string }[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly resources: ResourcesSpec;
  /** Cgroup in which the container's is made, below the daemon's own; null = tsstack's. */
  readonly cgroupParent: string | null;
  readonly oomScoreAdj: number | null;
  readonly stopSignal: string | null;
  /** Null = 10 s. */
  readonly stopGraceMs: number | null;
  readonly healthcheck: HealthcheckSpec | null;
  readonly logging: LoggingSpec;
  /** OCI runtime by name or absolute path; null = that of the node's daemon. */
  readonly runtime: string | null;
}

export type MountSpec =
  | {
      readonly type: 'volume';
      /** Key of the volume in the stack, or null for an anonymous one. */
      readonly volume: string | null;
      readonly target: string;
      readonly readOnly: boolean;
      readonly noCopy: boolean;
      /** Path in the volume that is mounted instead of the whole; it has to exist. */
      readonly subpath: string | null;
      /** Of an anonymous volume. */
      readonly labels: Readonly<Record<string, string>>;
    }
  | {
      readonly type: 'bind';
      /** Absolute path on the host. */
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation: string | null;
      readonly createHostPath: boolean;
      /** What becomes of mounts below the source: left out, or with it; when it is read-only they are so too, if possible, never or for sure. */
      readonly recursive: 'disabled' | 'enabled' | 'writable' | 'readonly';
      /**
       * On nodes with SELinux the source gets the label of files of all containers, or of this one alone. Left out where it keeps its own: a list's items
       * have no defaults (default-specs.ts), and mounts that were stored before this field was there are to stay as they are.
       */
      readonly relabel?: 'shared' | 'private';
    }
  | {
      /** Files of an image, read-only. */
      readonly type: 'image';
      /** Reference, as that of a service. */
      readonly image: string;
      readonly target: string;
      /** Path in the image that is mounted instead of the whole. */
      readonly subpath: string | null;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      readonly sizeBytes: number | null;
      readonly mode: number | null;
      /** Further mount options as in `tmpfs: /run:uid=1000`. */
      readonly options: readonly string[];
    };

/** A secret or config as a file in the container. */
export interface PayloadMountSpec {
  /** Key of the secret or config in the stack. */
  readonly source: string;
  /** Absolute path. */
  readonly target: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface ResourcesSpec {
  /** Cores; 1.5 = one and a half. */
  readonly cpus: number | null;
  readonly cpuset: string | null;
  readonly cpuShares: number | null;
  readonly cpuPeriodUs: number | null;
  readonly cpuQuotaUs: number | null;
  readonly cpuRealtimePeriodUs: number | null;
  readonly cpuRealtimeRuntimeUs: number | null;
  readonly memoryBytes: number | null;
  readonly memoryReservationBytes: number | null;
  /** Memory plus swap; -1 = unlimited swap; null = twice the memory. */
  readonly memorySwapBytes: number | null;
  /** 0 to 100. */
  readonly memorySwappiness: number | null;
  /** Processes wait for memory instead of being killed. */
  readonly oomKillDisable: boolean;
  readonly blockIo: BlockIoSpec | null;
  /** -1 = unlimited. */
  readonly pids: number | null;
}

export interface HealthcheckSpec {
  /** `disabled` also hides the image's. Null = the image's test with these timings. */
  readonly test: readonly string[] | 'disabled' | null;
  readonly intervalMs: number | null;
  readonly timeoutMs: number | null;
  readonly retries: number | null;
  readonly startPeriodMs: number | null;
  readonly startIntervalMs: number | null;
}

export interface LoggingSpec {
  readonly driver: 'file' | 'none';
  /** A logging service that gets every line as well; the files stay what `logs` reads. Null = none. */
  readonly forward: LogForwardSpec | null;
  /** Size at which a log file is rotated. Default 10 MiB. */
  readonly maxBytes: number;
  /** Files kept, the current one included. Default 3. */
  readonly maxFiles: number;
  /** Rotated files, by gzip. */
  readonly compress: boolean;
  /** While the disk is full the container waits (`blocking`), or what does not fit into the buffer is dropped and counted. */
  readonly mode: 'blocking' | 'non-blocking';
  /** Output kept in memory with `non-blocking`. Default 1 MiB. */
  readonly maxBufferBytes: number;
}

/** Tags may have `{{.ID}}`, `{{.Name}}` and their like, which the agent fills in. */
export type LogForwardSpec =
  | {
      readonly driver: 'syslog';
      /** Of a socket on the container's node, or of a host that listens to UDP or TCP. */
      readonly address:
        | { readonly socket: string }
        | { readonly transport: 'udp' | 'tcp'; readonly host: string; readonly port: number };
      readonly facility: number;
      readonly format: 'local' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';
      readonly tag: string;
    }
  | {
      readonly driver: 'journald';
      readonly tag: string;
      /** Labels and variables of the container that become fields, by name, or because a regular expression finds something in the name. */
      readonly labels: readonly string[];
      readonly env: readonly string[];
      readonly labelsPattern: string | null;
      readonly envPattern: string | null;
    };

export interface NetworkSpec {
  /** `<stack>_<key>` unless the file names it. */
  readonly name: string;
  readonly external: boolean;
  readonly internal: boolean;
  /**
   * Bridge and overlay are bridges on a lone host; an overlay also spans the hosts of a cluster. Macvlan and ipvlan put containers on the wire
   * of a link of the host.
   */
  readonly driver: 'bridge' | 'overlay' | VlanDriver;
  /** Whether containers of other stacks may join an overlay; a bridge is open to all. */
  readonly attachable: boolean;
  readonly enableIpv4: boolean;
  readonly enableIpv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly driverOptions: Readonly<Record<string, string>>;
  /** Pools asked for; a family without any gets one from the default pools. */
  readonly ipam: readonly {
    readonly subnet: string | null;
    readonly ipRange: string | null;
    readonly gateway: string | null;
    readonly auxAddresses: Readonly<Record<string, string>>;
  }[];
}

export interface VolumeSpec {
  /** `<stack>_<key>` unless the file names it. */
  readonly name: string;
  readonly external: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Mounted while containers use the volume; null = a directory of the node. */
  readonly filesystem: VolumeFilesystemSpec | null;
}

/** `driver_opts` of a volume: what mount(8) is told. */
export interface VolumeFilesystemSpec {
  /** `nfs`, `tmpfs`, …; `none` with the option `bind`. */
  readonly type: string;
  readonly device: string;
  readonly options: readonly string[];
}

/** A secret or a config. The content is read by the command line, where the files are. */
export interface PayloadSpec {
  readonly name: string;
  readonly external: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** Base64; null when external, or in documents that leave the manager (contents never do, except to the agents that need them). */
  readonly content: string | null;
  /** `sha256:` of the content, salted for secrets; part of the change detection. */
  readonly digest: string | null;
}
