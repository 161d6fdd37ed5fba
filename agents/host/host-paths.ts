import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { shortId } from '../../src/model/ids.ts';

export interface HostRoots {
  /** What survives a reboot. Default /var/lib/tsstack. */
  readonly dataRoot: string;
  /** What does not. Default /run/tsstack. */
  readonly runRoot: string;
}

/**
 * Where everything of this host lies. Directories of containers are named by the first 12 digits of the id: the path of a unix
 * socket has at most 107 bytes.
 */
export class HostPaths {
  readonly dataRoot: string;
  readonly runRoot: string;

  constructor(roots: HostRoots) {
    this.dataRoot = roots.dataRoot;
    this.runRoot = roots.runRoot;
  }

  /** Identity of this agent: node, cluster and store epoch that it knows. */
  get agentFile(): string {
    return join(this.dataRoot, 'agent.json');
  }

  get containersData(): string {
    return join(this.dataRoot, 'containers');
  }

  get containersRun(): string {
    return join(this.runRoot, 'containers');
  }

  get volumes(): string {
    return join(this.dataRoot, 'volumes');
  }

  /** Content of secrets and configs, on a tmpfs. */
  get payloads(): string {
    return join(this.runRoot, 'secrets');
  }

  /** Mounted file systems of volumes, by volume. */
  get volumeMounts(): string {
    return join(this.runRoot, 'volumes');
  }

  /** Mounts that belong to one container, by container. */
  get containerMounts(): string {
    return join(this.runRoot, 'mounts');
  }

  get networkNamespaces(): string {
    return join(this.runRoot, 'netns');
  }

  container(id: string): ContainerPaths {
    return new ContainerPaths(this, shortId(id));
  }

  /** Tells daemons with different roots on one machine apart: 8 hex digits. */
  get instance(): string {
    return createHash('sha256').update(this.runRoot).digest('hex').slice(0, 8);
  }

  /** Cgroup of all containers below the daemon's own. */
  get cgroups(): string {
    return `tsstack/${this.instance}`;
  }

  /** Cgroup of a container below the daemon's own, in the parent that its service names (null: none). */
  cgroup(id: string, parent: string | null): string {
    return `${parent ?? this.cgroups}/${shortId(id)}`;
  }
}

/** Where tsstack-net keeps the user namespace of a network namespace (docs/native.md, section 6). */
export function userNamespaceOf(networkNamespace: string): string {
  return `${networkNamespace}.user`;
}

/** Files and directories of one container. */
export class ContainerPaths {
  readonly data: string;
  readonly run: string;
  readonly payloads: string;
  readonly networkNamespace: string;

  constructor(host: HostPaths, name: string) {
    this.data = join(host.containersData, name);
    this.run = join(host.containersRun, name);
    this.payloads = join(host.payloads, name);
    this.networkNamespace = join(host.networkNamespaces, name);
  }

  /** What the agent has to remember of the task. */
  get record(): string {
    return join(this.data, 'task.json');
  }

  /** User namespace that the network namespace belongs to, where the container has one. */
  get userNamespace(): string {
    return userNamespaceOf(this.networkNamespace);
  }

  /** Its ids. */
  get idRange(): string {
    return join(this.data, 'ids.json');
  }

  /** Copy of the image that belongs to these ids, where the host cannot map those of the layers. */
  get ownedRoot(): string {
    return join(this.data, 'root');
  }

  /** Of what the root of the container is made, for when its bundle is gone. */
  get fileRoot(): string {
    return join(this.data, 'files.json');
  }

  get upper(): string {
    return join(this.data, 'upper');
  }

  get work(): string {
    return join(this.data, 'work');
  }

  get logDirectory(): string {
    return join(this.data, 'log');
  }

  get log(): string {
    return join(this.logDirectory, 'current.log');
  }

  /** What the hooks of the container said. */
  get hookLog(): string {
    return join(this.logDirectory, 'hooks.log');
  }

  get socket(): string {
    return join(this.run, 'shim.sock');
  }

  get stateFile(): string {
    return join(this.run, 'state.json');
  }

  /** Link of the shim to its first process in /proc, while there is one. */
  get process(): string {
    return join(this.run, 'process');
  }

  /** File system that is its /dev/shm, where others share it. */
  get sharedMemory(): string {
    return join(this.run, 'shm');
  }

  get shimConfig(): string {
    return join(this.run, 'shim.json');
  }

  get runtimeSpec(): string {
    return join(this.run, 'config.json');
  }
}
