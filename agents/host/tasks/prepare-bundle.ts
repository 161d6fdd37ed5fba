import { chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expandHostname } from '../../../src/model/hostname-template.ts';
import type { TaskObject } from '../../../src/model/objects.ts';
import type { RestartSpec } from '../../../src/model/spec.ts';
import { shortId } from '../../../src/model/ids.ts';
import { TaskError } from '../errors.ts';
import { relativeLayers } from '../native/relative-layers.ts';
import { removeStateFile } from '../native/shim-state-file.ts';
import { writeShimConfig } from '../native/shim-config.ts';
import type { ShimConfig, ShimRootfs } from '../native/shim-config.ts';
import { buildHosts, buildResolvConf } from '../containers/network-files.ts';
import type { GeneratedFiles } from '../containers/mounts.ts';
import type { OciMount, OciSpec } from '../containers/oci-spec.ts';
import type { ContainerPaths } from '../host-paths.ts';
import { withoutPrefix } from '../names/network-names.ts';
import { hostId } from '../users/id-range.ts';
import type { IdRange } from '../users/id-range.ts';
import { logForward } from '../logs/log-forward.ts';
import { findOwnedRoot } from './owned-root.ts';
import type { LocalImage, TaskHost } from './task-host.ts';

/** What the files of a container are while it does not run. */
export interface KeptRoot {
  readonly rootfs: ShimRootfs;
  readonly isReadOnly: boolean;
  /** It has a user namespace. */
  readonly hasUsers: boolean;
  readonly binds: readonly { readonly source: string; readonly target: string; readonly isReadOnly: boolean }[];
}

/** Restart backoff of the shim in ms and the run time that resets it (semantics.md, section 7). */
const restartBackoff = { backoffInitialMs: 100, backoffCapMs: 60_000, resetAfterMs: 10_000 } as const;
const defaultGraceMs = 10_000;

/** Layers whose owners are mapped are mounted by our own runtime alone. */
class MappedIdsError extends TaskError {
  constructor(runtime: string) {
    super('unsupported', `userns_mode: auto does not go together with the runtime ${runtime}`, {
      hint: 'leave one of the two out, or write `runtime: box`',
    });
  }
}

/** The name that the container has for itself. */
export function hostnameOf(task: TaskObject, host: Pick<TaskHost, 'facts'>): string {
  const { hostname } = task.spec.container;
  if (hostname !== null) return expandHostname(hostname, { task, nodeHostname: host.facts.description.hostname });
  const isHosts = task.spec.networkMode.kind === 'host' || task.spec.namespaces.uts === 'host';
  return isHosts ? host.facts.description.hostname : shortId(task.id);
}

/** Makes the container's directories. What an earlier run left in the run directory goes; the upper layer and the log stay. */
export async function makeDirectories(
  host: Pick<TaskHost, 'limitStorage'>,
  paths: ContainerPaths,
  storageBytes: number | null,
): Promise<void> {
  // The run directory is in memory on most hosts; synchronous calls there are faster than a trip through the thread pool.
  removeStateFile(paths.stateFile);
  rmSync(paths.socket, { force: true });
  mkdirSync(paths.run, { recursive: true, mode: 0o711 });
  await mkdir(paths.upper, { recursive: true });
  await Promise.all([mkdir(paths.work, { recursive: true }), mkdir(paths.logDirectory, { recursive: true })]);
  if (storageBytes !== null) await host.limitStorage([paths.upper, paths.work], storageBytes);
}

/** Writes /etc/hosts, /etc/hostname and /etc/resolv.conf of the container. */
export function writeNetworkFiles(
  host: Pick<TaskHost, 'facts' | 'resolver'>,
  task: TaskObject,
  paths: ContainerPaths,
  hostname: string,
  users: IdRange | null,
): GeneratedFiles {
  const { container, networkMode } = task.spec;
  const files = {
    hosts: join(paths.run, 'hosts'),
    hostname: join(paths.run, 'hostname'),
    resolvConf: join(paths.run, 'resolv.conf'),
  };
  const hasHostNetwork = networkMode.kind === 'host';
  writeFileSync(files.hostname, `${hostname}\n`);
  writeFileSync(files.resolvConf, buildResolvConf(container, host.resolver(), task.attachments.length > 0));
  writeFileSync(
    files.hosts,
    buildHosts({
      hostname,
      domainname: container.domainname,
      addresses: task.attachments.flatMap(({ addresses }) => addresses.map(withoutPrefix)),
      extraHosts: container.extraHosts,
      gateways: hasHostNetwork ? ['127.0.0.1'] : (task.attachments[0]?.gateways ?? []),
      base: hasHostNetwork ? readFileSync('/etc/hosts', 'utf8') : null,
    }),
  );
  // The container's root may change them, whoever that is.
  if (users !== null) for (const file of Object.values(files)) chownSync(file, hostId(users, 0), hostId(users, 0));
  return files;
}

/** Writes config.json and shim.json (docs/native.md, section 2). */
export function writeBundle(
  host: Pick<TaskHost, 'paths' | 'runtimeOf' | 'facts'>,
  task: TaskObject,
  image: LocalImage,
  spec: OciSpec,
  users: IdRange | null,
  autostart: boolean,
): void {
  const paths = host.paths.container(task.id);
  const { container, restart } = task.spec;
  const runtime = host.runtimeOf(container.runtime);
  const rootfs = rootOf(paths, image, users);
  if (runtime !== null && rootfs.mapIds) throw new MappedIdsError(runtime);
  writeFileSync(paths.runtimeSpec, JSON.stringify(spec), { mode: 0o600 });
  writeFileSync(paths.fileRoot, JSON.stringify(keptRoot(spec, rootfs)), { mode: 0o600 });
  writeShimConfig(paths.shimConfig, {
    version: 1,
    id: task.id,
    name: task.containerName,
    bundle: paths.run,
    socket: paths.socket,
    stateFile: paths.stateFile,
    autostart,
    runtime,
    rootfs,
    cgroup: host.paths.cgroup(task.id, container.cgroupParent),
    restart:
      task.oneOff === null ? shimRestart(restart) : { policy: 'no', maxRetries: 0, windowMs: 0, ...restartBackoff },
    stop: {
      signal: container.stopSignal ?? image.defaults.stopSignal ?? 'SIGTERM',
      graceMs: container.stopGraceMs ?? defaultGraceMs,
    },
    stdin: container.stdinOpen,
    // What a pre_start hook says belongs to the container that waits for it, and stays when the hook goes.
    log: {
      path: task.hookOf === null ? paths.log : host.paths.container(task.hookOf.taskId).hookLog,
      ...container.logging,
      forward: logForward(container.logging.forward, {
        task,
        image: image.id,
        environment: spec.process.env,
        hostname: host.facts.description.hostname,
      }),
    },
  });
}

/** From a bundle, of which nothing outlives the machine's start. */
export function keptRoot(spec: OciSpec, rootfs: ShimRootfs): KeptRoot {
  return {
    rootfs,
    isReadOnly: spec.root.readonly,
    hasUsers: spec.linux.uidMappings !== undefined,
    binds: spec.mounts.filter(({ type }) => type === 'bind').map(toBind),
  };
}

function toBind({ source, destination, options }: OciMount): KeptRoot['binds'][number] {
  return { source, target: destination, isReadOnly: options.includes('ro') || options.includes('rro') };
}

/** Pauses that grow, or those of `deploy.restart_policy`. */
function shimRestart({ policy, maxRetries, supervision }: RestartSpec): ShimConfig['restart'] {
  if (supervision === null) return { policy, maxRetries, windowMs: 0, ...restartBackoff };
  const { delayMs, windowMs } = supervision;
  return { policy, maxRetries, windowMs, ...restartBackoff, backoffInitialMs: delayMs, backoffCapMs: delayMs };
}

function rootOf(paths: ContainerPaths, image: LocalImage, users: IdRange | null): ShimRootfs {
  const { upper, work } = paths;
  const owned = findOwnedRoot(paths);
  if (owned !== null) return { directory: null, lower: [owned], upper, work, mapIds: false };
  return { ...relativeLayers(image.layers), upper, work, mapIds: users !== null };
}
