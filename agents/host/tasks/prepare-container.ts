import { shortId } from '../../../src/model/ids.ts';
import type { NetworkObject, TaskObject, VolumeObject } from '../../../src/model/objects.ts';
import { allEnded } from '../all-ended.ts';
import { applyEdits } from '../cdi/apply-edits.ts';
import { findEdits } from '../cdi/find-edits.ts';
import { resolveCapabilities } from '../containers/capabilities.ts';
import { readLayeredFile } from '../containers/layer-view.ts';
import { buildRuntimeSpec } from '../containers/runtime-spec.ts';
import type { RuntimeSpecInput } from '../containers/runtime-spec.ts';
import { resolveCommand } from '../containers/command.ts';
import { loadSeccomp } from '../containers/seccomp.ts';
import { prepareSharedMemory } from '../containers/shared-memory.ts';
import { resolveUser } from '../containers/users.ts';
import type { ResolvedUser } from '../containers/users.ts';
import { userNamespaceOf } from '../host-paths.ts';
import { resolveHealthcheck } from '../health/healthcheck.ts';
import { labelFiles } from './label-files.ts';
import { hostnameOf, makeDirectories, writeBundle, writeNetworkFiles } from './prepare-bundle.ts';
import type { LentMount } from './lent-mounts.ts';
import { prepareMounts } from './prepare-mounts.ts';
import { prepareNetwork } from './prepare-network.ts';
import type { SharedNamespaces } from './shared-namespaces.ts';
import type { LocalImage, TaskHost } from './task-host.ts';
import type { PreparedContainer } from './task-record.ts';

export interface PrepareRequest {
  readonly task: TaskObject;
  readonly networks: readonly NetworkObject[];
  readonly volumes: readonly VolumeObject[];
  readonly image: LocalImage;
  readonly shared: SharedNamespaces;
  /** Mounts of other containers (`volumes_from`). */
  readonly borrowed: readonly LentMount[];
  /** Images of its image mounts, by their references. */
  readonly mountedImages: ReadonlyMap<string, LocalImage>;
  /** The shim starts the container as soon as it is made. */
  readonly autostart: boolean;
  /** Of an earlier run, or null. */
  readonly previous: PreparedContainer | null;
}

/**
 * Makes everything that a container needs, up to the bundle that a shim can be started on. Idempotent: it can be repeated after a
 * crash at any point, and for each further run.
 */
export async function prepareContainer(host: TaskHost, request: PrepareRequest): Promise<PreparedContainer> {
  const { task, image } = request;
  const { container } = task.spec;
  const paths = host.paths.container(task.id);
  const users = claimUsers(host, task, request.shared.network);
  const range = users?.range ?? null;
  const capabilities = resolveCapabilities(container, host.facts.limits.capabilities);
  const [mounts, network, payloads, seccomp, edits] = await allEnded([
    prepareMounts(host, request),
    prepareNetwork(host, task, request.networks, request.shared.network, range),
    host.payloads.ensure(paths.payloads, container, range, (kind, key) => host.findPayload(task.stack, kind, key)),
    loadSeccomp(container.seccomp, { capabilities, architecture: host.facts.architecture, kernel: host.facts.kernel }),
    findEdits(container, host.cdiDirectories),
    makeDirectories(host, paths, container.storageBytes),
  ]);
  const hostname = hostnameOf(task, host);
  const files = writeNetworkFiles(host, task, paths, hostname, range);
  const sharedMemory = await prepareSharedMemory(paths.sharedMemory, task.spec, request.shared.ipc);
  await labelFiles(host, container, {
    own: [...Object.values(files), ...payloads.flatMap((mount) => (mount.type === 'bind' ? [mount.source] : []))],
    shared: sharedMemory !== 'own' && sharedMemory !== 'none' ? [sharedMemory.bind] : [],
    mounted: mounts.relabelled,
    layers: [...image.layers, paths.upper],
  });
  const spec = applyEdits(
    buildRuntimeSpec({
      spec: task.spec,
      image: image.defaults,
      user: resolveContainerUser(task, image, [paths.upper, ...image.layers]),
      genericResources: task.genericResources,
      hostname,
      host: host.facts.limits,
      mounts: [...mounts.mounts, ...payloads],
      files,
      seccomp,
      networkNamespace: network.namespace,
      sharedProcesses: { pid: request.shared.pid, ipc: request.shared.ipc?.process ?? null },
      sharedMemory,
      users,
      cgroup: host.paths.cgroup(task.id, container.cgroupParent),
      initPath: host.initPath,
    }),
    edits,
  );
  writeBundle(host, task, image, spec, range, request.autostart);
  return {
    imageId: image.id,
    command: resolveCommand(container, image.defaults),
    createdAt: request.previous?.createdAt ?? new Date().toISOString(),
    healthcheck: resolveHealthcheck(container.healthcheck, image.defaults.healthcheck),
    ports: network.ports,
    mounts: mounts.sources,
    anonymousVolumes: mounts.anonymousVolumes,
    lent: mounts.lent,
    borrowed: request.borrowed,
    mountedImages: Object.fromEntries([...request.mountedImages].map(([reference, { id }]) => [reference, id])),
  };
}

/** The ids of a container that has a user namespace. Whoever shares the network of another one shares its users as well. */
function claimUsers(host: TaskHost, task: TaskObject, sharedNamespace: string | null): RuntimeSpecInput['users'] {
  if (task.spec.container.userNamespace !== 'auto') return null;
  const name = shortId(task.id);
  if (sharedNamespace === null) {
    return { path: host.paths.container(task.id).userNamespace, range: host.idRanges.claim(name) };
  }
  return {
    path: userNamespaceOf(sharedNamespace),
    range: host.idRanges.share(name, shortId(task.sharedTasks.network ?? '')),
  };
}

function resolveContainerUser(task: TaskObject, image: LocalImage, layers: readonly string[]): ResolvedUser {
  const { user, groupAdd } = task.spec.container;
  return resolveUser(user ?? image.defaults.user, groupAdd, readUserDatabase(layers));
}

/** The user databases of a container with these layers. */
export function readUserDatabase(layers: readonly string[]): { passwd: string; group: string } {
  return {
    passwd: readLayeredFile(layers, '/etc/passwd') ?? '',
    group: readLayeredFile(layers, '/etc/group') ?? '',
  };
}
