import type { GenericResources } from '../../../src/model/objects.ts';
import type { ServiceSpec } from '../../../src/model/spec.ts';
import { capabilitySets, resolveCapabilities } from './capabilities.ts';
import { resolveCommand } from './command.ts';
import { resolveDevices } from './devices.ts';
import { buildEnvironment } from './environment.ts';
import type { ImageDefaults } from './image-defaults.ts';
import { buildResources, buildRlimits } from './limits.ts';
import type { CgroupLimits } from './limits.ts';
import { buildMounts, initTarget, rootPropagation } from './mounts.ts';
import type { GeneratedFiles, PreparedMount, SharedMemory } from './mounts.ts';
import type { OciSeccomp, OciSpec } from './oci-spec.ts';
import { buildNamespaces } from './namespaces.ts';
import type { SharedProcesses } from './namespaces.ts';
import { maskedPaths, readonlyPaths } from './protected-paths.ts';
import { securityLabels } from './security-labels.ts';
import type { SecurityFacts } from './security-labels.ts';
import { checkSysctls } from './sysctls.ts';
import type { IdRange } from '../users/id-range.ts';
import type { ResolvedUser } from './users.ts';

/** What of the host goes into a container's spec. */
export interface HostLimits extends CgroupLimits, SecurityFacts {
  readonly capabilities: readonly string[];
  readonly hardLimits: Readonly<Record<string, number>>;
  readonly cpus: number;
}

export interface RuntimeSpecInput {
  readonly spec: ServiceSpec;
  readonly image: ImageDefaults;
  readonly user: ResolvedUser;
  readonly genericResources: GenericResources;
  readonly hostname: string;
  readonly host: HostLimits;
  readonly mounts: readonly PreparedMount[];
  readonly files: GeneratedFiles;
  readonly seccomp: OciSeccomp | undefined;
  /** Network namespace to join; null = the host's. */
  readonly networkNamespace: string | null;
  /** Containers whose pid and ipc namespaces are joined. */
  readonly sharedProcesses: SharedProcesses;
  readonly sharedMemory: SharedMemory;
  /** User namespace to join, with its ids; null = the host's. */
  readonly users: { readonly path: string; readonly range: IdRange } | null;
  readonly cgroup: string;
  /** The init program on the host. */
  readonly initPath: string;
}

/** The OCI bundle's config.json of a service's container. Pure: everything that has to be looked up is in the input. */
export function buildRuntimeSpec(input: RuntimeSpecInput): OciSpec {
  const { container } = input.spec;
  const command = resolveCommand(container, input.image);
  const propagation = rootPropagation(input.mounts);
  return {
    ociVersion: '1.2.0',
    process: buildProcess(input, container.init ? [initTarget, '--', ...command] : command),
    root: { path: 'rootfs', readonly: container.readOnly },
    // That of the host is not the container's to set.
    ...(input.spec.namespaces.uts === 'host' ? {} : { hostname: input.hostname }),
    ...(container.domainname === null ? {} : { domainname: container.domainname }),
    mounts: buildMounts(
      container,
      input.mounts,
      input.files,
      container.init ? input.initPath : null,
      input.sharedMemory,
    ),
    annotations: container.annotations,
    linux: {
      ...buildLinux(input),
      ...(input.seccomp === undefined || container.privileged ? {} : { seccomp: input.seccomp }),
      ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
    },
  };
}

function buildProcess(input: RuntimeSpecInput, args: readonly string[]): OciSpec['process'] {
  const { container } = input.spec;
  const { uid, gid, additionalGids, home } = input.user;
  const { mountLabel: _, ...processLabels } = securityLabels(container, input.host);
  return {
    terminal: container.tty,
    user: { uid, gid, additionalGids },
    args,
    env: buildEnvironment({
      image: input.image.environment,
      spec: container.environment,
      genericResources: input.genericResources,
      hostname: input.hostname,
      home,
      tty: container.tty,
    }),
    cwd: container.workingDir ?? (input.image.workingDir || '/'),
    capabilities: capabilitySets(resolveCapabilities(container, input.host.capabilities), uid),
    rlimits: buildRlimits(container.ulimits, input.host),
    noNewPrivileges: container.noNewPrivileges,
    ...processLabels,
    ...(container.oomScoreAdj === null ? {} : { oomScoreAdj: container.oomScoreAdj }),
  };
}

function idMappings({ first, count }: IdRange): Pick<OciSpec['linux'], 'uidMappings' | 'gidMappings'> {
  const mappings = [{ containerID: 0, hostID: first, size: count }];
  return { uidMappings: mappings, gidMappings: mappings };
}

function buildLinux(input: RuntimeSpecInput): OciSpec['linux'] {
  const { container } = input.spec;
  const access = resolveDevices(container);
  const isOpen = container.privileged || container.systemPathsUnconfined;
  const { mountLabel } = securityLabels(container, input.host);
  return {
    namespaces: [
      ...buildNamespaces(input.spec.namespaces, input.sharedProcesses),
      { type: 'mount' },
      ...(input.networkNamespace === null ? [] : [{ type: 'network', path: input.networkNamespace }]),
      ...(input.users === null ? [] : [{ type: 'user', path: input.users.path }]),
    ],
    ...(input.users === null ? {} : idMappings(input.users.range)),
    devices: access.devices,
    ...(mountLabel === undefined ? {} : { mountLabel }),
    cgroupsPath: input.cgroup,
    resources: buildResources(container.resources, access.rules, input.host),
    sysctl: checkSysctls(container.sysctls, {
      network: input.networkNamespace === null,
      ipc: input.spec.namespaces.ipc.kind === 'host',
    }),
    maskedPaths: isOpen ? [] : maskedPaths(input.host.cpus),
    readonlyPaths: isOpen ? [] : readonlyPaths,
  };
}
