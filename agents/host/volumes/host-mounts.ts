import { lookup } from 'node:dns/promises';
import { mkdir, readdir, rmdir, writeFile, unlink } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { VolumeFilesystemSpec } from '../../../src/model/spec.ts';
import { abortable } from '../abortable.ts';
import { TaskError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import type { MountProgram } from '../native/mount-program.ts';
import { Exclusive } from './exclusive.ts';
import { mountError } from './mount-error.ts';

/** How long the mount of a file system may take; a server that does not answer must not hold up other containers for ever. */
const mountMs = 30_000;

/** Types whose server the kernel wants to have by its address. */
const networkTypes: ReadonlySet<string> = new Set(['nfs', 'nfs4', 'cifs', 'smb3']);

/**
 * Mounts on the host that containers use: file systems of volumes, each mounted while some container has it, and parts of volumes
 * and images, which belong to one container. What is mounted for whom is on the disk that a reboot clears, as the mounts are: a
 * later daemon finds both. Never remove the directories of these mounts as trees: what is mounted there would go with them.
 */
export class HostMounts {
  readonly #volumes: string;
  readonly #containers: string;
  readonly #program: MountProgram;
  readonly #exclusive = new Exclusive();

  constructor(roots: { readonly volumes: string; readonly containers: string }, program: MountProgram) {
    this.#volumes = roots.volumes;
    this.#containers = roots.containers;
    this.#program = program;
  }

  /** Mounts the file system of a volume, unless it is, for that container; resolves to its directory. */
  attachVolume(name: string, filesystem: VolumeFilesystemSpec, user: string): Promise<string> {
    return this.#exclusive.run(name, async () => {
      const directory = join(this.#volumes, name, 'mount');
      const users = join(this.#volumes, name, 'users');
      await Promise.all([mkdir(directory, { recursive: true, mode: 0o711 }), mkdir(users, { recursive: true })]);
      // Before the mount: one without a user would never go.
      await writeFile(join(users, user), '');
      const signal = AbortSignal.timeout(mountMs);
      try {
        await this.#program.mount(await withAddress(filesystem, signal), directory, signal);
      } catch (cause) {
        throw mountError(name, filesystem, signal, cause);
      }
      return directory;
    });
  }

  /** Mounts a part of a volume for a container, as its mount of that number; resolves to the path. */
  async mountPart(user: string, index: number, root: string, subpath: string): Promise<string> {
    const path = await this.#place(user, index);
    await this.#program.mountPart(root, subpath, path);
    return path;
  }

  /** Mounts an image or a part of it for a container, as its mount of that number; resolves to the path. */
  async mountImage(user: string, index: number, layers: readonly string[], subpath: string | null): Promise<string> {
    const path = await this.#place(user, index);
    await this.#program.mountImage(layers, subpath ?? '/', path);
    return path;
  }

  /** Takes away what a container had. Nothing happens when it had nothing. */
  async release(user: string): Promise<void> {
    const own = join(this.#containers, user);
    const paths = (await list(own)).map((name) => join(own, name));
    if (paths.length > 0) await this.#program.unmount(paths);
    await removeEmpty(own);
    await Promise.all((await list(this.#volumes)).map((name) => this.#leaveVolume(name, user)));
  }

  /** Names of the containers that have something, for the search for leftovers. */
  async listUsers(): Promise<readonly string[]> {
    const volumes = await list(this.#volumes);
    const users = await Promise.all(volumes.map((name) => list(join(this.#volumes, name, 'users'))));
    return [...(await list(this.#containers)), ...users.flat()];
  }

  #leaveVolume(name: string, user: string): Promise<void> {
    return this.#exclusive.run(name, async () => {
      const volume = join(this.#volumes, name);
      const users = join(volume, 'users');
      await ifThere(unlink(join(users, user)), undefined);
      if ((await list(users)).length > 0) return;
      await this.#program.unmount([join(volume, 'mount')]);
      await removeEmpty(users);
      await removeEmpty(volume);
    });
  }

  async #place(user: string, index: number): Promise<string> {
    await mkdir(join(this.#containers, user), { recursive: true, mode: 0o711 });
    return join(this.#containers, user, String(index));
  }
}

/** `addr=NAME` of a network file system with the address in place of the name. */
async function withAddress(filesystem: VolumeFilesystemSpec, signal: AbortSignal): Promise<VolumeFilesystemSpec> {
  if (!networkTypes.has(filesystem.type)) return filesystem;
  const options = filesystem.options.map(async (option) => {
    const host = option.startsWith('addr=') ? option.slice('addr='.length) : '';
    if (host === '' || isIP(host) !== 0) return option;
    const { address } = await abortable(lookup(host), signal).catch((cause: unknown) => {
      throw new TaskError('not-found', `volumes: the name ${host} does not resolve`, { cause });
    });
    return `addr=${address}`;
  });
  return { ...filesystem, options: await Promise.all(options) };
}

function list(directory: string): Promise<readonly string[]> {
  return ifThere(readdir(directory), []);
}

async function removeEmpty(directory: string): Promise<void> {
  await ifThere(rmdir(directory), undefined);
}
