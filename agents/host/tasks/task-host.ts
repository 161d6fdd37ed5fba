import type PQueue from 'p-queue';
import type { EndpointsObject } from '../../../src/model/endpoints.ts';
import type { NetworkObject, PayloadObject, PublishedPort, TaskStatus } from '../../../src/model/objects.ts';
import type { LinkSpec, PortSpec, PullPolicy } from '../../../src/model/spec.ts';
import type { ImageDefaults } from '../containers/image-defaults.ts';
import type { ResolverSettings } from '../containers/network-files.ts';
import type { HostFacts } from '../facts/host-facts.ts';
import type { HostPaths } from '../host-paths.ts';
import type { ProbeResult } from '../health/health-state.ts';
import type { Healthcheck } from '../health/healthcheck.ts';
import type { NameRegistry } from '../names/name-registry.ts';
import type { NetworkNames } from '../names/network-names.ts';
import type { SpannedNetwork } from '../networks/overlay-service.ts';
import type { PortOwner } from '../networks/published-ports.ts';
import type { PayloadFiles } from '../payloads/payload-files.ts';
import type { IdRange } from '../users/id-range.ts';
import type { IdRanges } from '../users/id-ranges.ts';
import type { HostMounts } from '../volumes/host-mounts.ts';
import type { VolumeStore } from '../volumes/volume-store.ts';
import type { ShimSeam } from './shim.ts';
import type { TaskSharing } from './task-sharing.ts';

/** An image that is complete on this host. */
export interface LocalImage {
  readonly id: string;
  readonly defaults: ImageDefaults;
  /** Directories of the layers, topmost first. */
  readonly layers: readonly string[];
}

export interface TaskImages {
  /** Makes the image available, by its reference or its id. `onProgress` hears now and then how far it is, one line for people. */
  ensure(
    reference: string,
    policy: PullPolicy,
    signal: AbortSignal,
    onProgress?: (text: string) => void,
  ): Promise<LocalImage>;
  /** Id of the image that a reference means by now, null when none; undefined before it is known what images there are. */
  currentId(reference: string): string | null | undefined;
  /** Copies what an image has at a path into a new directory; false when there is nothing. */
  copyContent(image: LocalImage, path: string, directory: string): Promise<boolean>;
  /** Copies a whole image into an existing directory, with owners of that range. */
  copyRoot(image: LocalImage, directory: string, users: IdRange): Promise<void>;
}

/** A container's place in a network. */
export interface SandboxInterface {
  readonly network: NetworkObject;
  /** With prefix length. */
  readonly addresses: readonly string[];
  /** The host's address in the subnet of each. */
  readonly gateways: readonly string[];
  readonly mac: string;
  /** Null = the next number. */
  readonly name: string | null;
  readonly gatewayPriority: number;
  readonly linkLocalAddresses: readonly string[];
  /** Settings of the interface, whose name is written IFNAME. */
  readonly sysctls: Readonly<Record<string, string>>;
}

export interface SandboxRequest {
  readonly id: string;
  /** Where the network namespace is to be bound. */
  readonly path: string;
  /** Ids of the user namespace that it is to belong to; null = the host's. */
  readonly users: IdRange | null;
  readonly hostname: string;
  readonly interfaces: readonly SandboxInterface[];
  readonly links: readonly LinkSpec[];
  readonly upstreams: readonly string[];
}

/** What this host holds, as of the moment of asking: it changes while leftovers are looked for. */
export interface HeldObjects {
  /** Ids of the tasks. */
  readonly ids: readonly string[];
  /** Networks that these tasks or this host are on. */
  readonly networks: readonly NetworkObject[];
}

export interface TaskNetworks {
  ensureNetwork(network: NetworkObject): Promise<void>;
  removeNetwork(network: NetworkObject): Promise<void>;
  /** The networks that other hosts are on, too, as far as is known. */
  readonly spanned: readonly SpannedNetwork[];
  /** Connects the network with the other hosts that are on it. */
  setEndpoints(network: NetworkObject, endpoints: EndpointsObject): Promise<void>;
  /** No other host is on the network any more. */
  removeEndpoints(networkId: string): Promise<void>;
  ensureSandbox(request: SandboxRequest): Promise<void>;
  removeSandbox(id: string, path: string): Promise<void>;
  /**
   * Publishes exactly these ports of the container, and resolves to where they are published now. Those that it can have from the container
   * `from` change hands in one step: every packet is led to one or the other.
   */
  publish(
    owner: PortOwner,
    interfaces: readonly SandboxInterface[],
    ports: readonly PortSpec[],
    /** Container whose ports it takes over where it can have the same; null = none. */
    from: string | null,
  ): Promise<readonly PublishedPort[]>;
  unpublish(id: string): Promise<void>;
  /** The ports that a container of this host has published. */
  publishedBy(id: string): readonly PublishedPort[];
  setNames(network: NetworkObject, names: NetworkNames): Promise<void>;
  /** Removes sandboxes, ports and bridges of this daemon that belong to nothing that is held. */
  removeOthers(held: HeldObjects): Promise<void>;
}

/** Where a task reports to. */
export interface StatusSink {
  status(taskId: string, status: TaskStatus): void;
  removed(taskId: string): void;
  /** Resolves when what there is to send has been sent, or cannot be sent now. */
  flushed(): Promise<void>;
}

/** What of this host a task works with. */
export interface TaskHost {
  readonly paths: HostPaths;
  readonly facts: HostFacts;
  readonly initPath: string;
  /** Directories with descriptions of devices, the last one first to be believed. */
  readonly cdiDirectories: readonly string[];
  /** Program of the OCI runtime that a service names (null: none); null = our own. Throws when this host does not have it. */
  readonly runtimeOf: (name: string | null) => string | null;
  readonly shims: ShimSeam;
  readonly images: TaskImages;
  readonly networks: TaskNetworks;
  readonly volumes: VolumeStore;
  readonly mounts: HostMounts;
  /** Removes an anonymous volume of a task, or leaves it to the last of those that have borrowed it. */
  readonly removeAnonymousVolume: (name: string, taskId: string) => Promise<void>;
  /** Lets what is written below new directories of a container take so many bytes of the disk together; 0 = any number. */
  readonly limitStorage: (directories: readonly string[], bytes: number) => Promise<void>;
  /** Gives files and trees a label of SELinux. */
  readonly label: (label: string, paths: readonly string[]) => Promise<void>;
  /** The same, but for those that have it. */
  readonly labelOnce: (label: string, paths: readonly string[]) => Promise<void>;
  readonly payloads: PayloadFiles;
  readonly idRanges: IdRanges;
  readonly names: NameRegistry;
  readonly resolver: () => ResolverSettings;
  /** Bounds the work on containers that goes on at once. */
  readonly queue: PQueue;
  /** Runs a healthcheck's probe once in the task's container. */
  readonly probe: (taskId: string, check: Healthcheck, signal: AbortSignal) => Promise<ProbeResult>;
  /** What a container has of others of this host. */
  readonly sharing: TaskSharing;
  readonly findPayload: (stack: string, kind: 'secret' | 'config', key: string) => PayloadObject | undefined;
  readonly statuses: StatusSink;
  /**
   * Has every host lead nobody to a container any more that does not serve. Resolves to the names of those that may still do so; rejects when
   * the signal aborts before a manager has said anything.
   */
  readonly leadAway: (taskId: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** From 0 up to 1: spreads what is tried again. */
  readonly random: () => number;
  readonly log: (message: string) => void;
}
