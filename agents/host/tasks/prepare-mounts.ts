import { readdir } from 'node:fs/promises';
import { shortId } from '../../../src/model/ids.ts';
import type { TaskObject, VolumeObject } from '../../../src/model/objects.ts';
import type { MountSpec } from '../../../src/model/spec.ts';
import { allEnded } from '../all-ended.ts';
import type { PreparedMount } from '../containers/mounts.ts';
import { TaskError } from '../errors.ts';
import { isKernelAtLeast } from '../facts/kernel-version.ts';
import { ensureBindSource } from '../volumes/bind-source.ts';
import { anonymousVolume, namedVolume } from '../volumes/volume-names.ts';
import type { LentMount, VolumeOnHost } from './lent-mounts.ts';
import type { PrepareRequest } from './prepare-container.ts';
import type { LocalImage, TaskHost } from './task-host.ts';

export interface MountsResult {
  readonly mounts: readonly PreparedMount[];
  /** Names of volumes and paths of binds, for people. */
  readonly sources: readonly string[];
  readonly anonymousVolumes: readonly string[];
  /** What others may have of it. */
  readonly lent: readonly LentMount[];
  readonly relabelled: readonly Relabelled[];
}

/** What is labelled for containers that are confined by SELinux (volumes), or because the file says so. */
export interface Relabelled {
  readonly path: string;
  readonly relabel: 'shared' | 'private' | 'volume';
}

interface OneMount {
  readonly mount: PreparedMount;
  readonly source: string | null;
  readonly relabelled: readonly Relabelled[];
}

type MountHost = Pick<TaskHost, 'volumes' | 'images' | 'mounts' | 'facts'>;
type MountRequest = Pick<PrepareRequest, 'task' | 'volumes' | 'image' | 'borrowed' | 'mountedImages'>;

/** A mount of the container; `volume` is that of a borrowed one, which others have made. */
interface WantedMount {
  readonly mount: MountSpec;
  readonly volume: VolumeOnHost | null;
}

/** Finds or makes the source of every mount of the file, of other containers, and of the volumes that the image alone declares. */
export async function prepareMounts(host: MountHost, request: MountRequest): Promise<MountsResult> {
  const { task, volumes, image } = request;
  const wanted = wantedMounts(task, image, request.borrowed);
  const made = await allEnded(wanted.map((one, index) => prepareMount(host, request, one, index)));
  return {
    mounts: made.map(({ mount }) => mount),
    sources: made.flatMap(({ source }) => (source === null ? [] : [source])),
    anonymousVolumes: anonymousVolumesOf(task, volumes, image, request.borrowed),
    lent: wanted.flatMap((one) => lend(one, request)),
    relabelled: made.flatMap(({ relabelled }) => relabelled),
  };
}

/** Names of the anonymous volumes that a container of the task has, or will have. */
export function anonymousVolumesOf(
  task: TaskObject,
  volumes: readonly VolumeObject[],
  image: LocalImage,
  borrowed: readonly LentMount[],
): readonly string[] {
  return wantedMounts(task, image, borrowed).flatMap(({ mount, volume }) =>
    mount.type === 'volume' && mount.volume === null && volume === null
      ? [anonymousVolume(mount.target, task, volumes).name]
      : [],
  );
}

const imageVolume = {
  type: 'volume',
  volume: null,
  readOnly: false,
  noCopy: false,
  subpath: null,
  labels: {},
} as const;

/** What the file says goes before what others lend, and that before what the image declares. */
function wantedMounts(task: TaskObject, image: LocalImage, borrowed: readonly LentMount[]): readonly WantedMount[] {
  const own = task.spec.container.mounts.map((mount) => ({ mount, volume: null }));
  const lent = borrowed.filter(({ mount }) => !isTaken(own, mount.target));
  const declared = image.defaults.volumes
    .filter((target) => !isTaken([...own, ...lent], target))
    .map((target) => ({ mount: { ...imageVolume, target }, volume: null }));
  return [...own, ...lent, ...declared];
}

function isTaken(mounts: readonly WantedMount[], target: string): boolean {
  const plain = (path: string): string => path.replace(/\/+$/, '');
  return mounts.some(({ mount }) => plain(mount.target) === plain(target));
}

/** Memory is nobody else's. */
function lend({ mount, volume }: WantedMount, request: MountRequest): readonly LentMount[] {
  switch (mount.type) {
    case 'tmpfs':
      return [];
    case 'bind': {
      // Its label is for its owner to say.
      const { relabel: _, ...lent } = mount;
      return [{ mount: lent, volume: null }];
    }
    case 'image':
      return [{ mount: { ...mount, image: request.mountedImages.get(mount.image)?.id ?? mount.image }, volume: null }];
    case 'volume': {
      const { name, filesystem } = volume ?? volumeOf(request, mount);
      // Who borrows it finds it as it is.
      return [{ mount: { ...mount, noCopy: true }, volume: { name, filesystem } }];
    }
  }
}

async function prepareMount(
  host: MountHost,
  request: MountRequest,
  { mount, volume }: WantedMount,
  index: number,
): Promise<OneMount> {
  switch (mount.type) {
    case 'tmpfs':
      return { mount, source: null, relabelled: [] };
    case 'bind':
      return prepareBind(host, mount);
    case 'image':
      return prepareImage(host, request, mount, index);
    case 'volume':
      return prepareVolume(host, request, mount, volume, index);
  }
}

/** Since Linux 5.12 mounts below can be made read-only too (mount_setattr(2)). */
const recursiveReadOnlyKernel = '5.12';

async function prepareBind({ facts }: MountHost, mount: Extract<MountSpec, { type: 'bind' }>): Promise<OneMount> {
  await ensureBindSource(mount);
  const { type, source, target, readOnly, propagation, recursive, relabel } = mount;
  const isRecursivelyReadOnly =
    recursive === 'readonly' || (recursive === 'enabled' && isKernelAtLeast(facts.kernel, recursiveReadOnlyKernel));
  const below = recursive === 'disabled' ? 'none' : isRecursivelyReadOnly ? 'read-only' : 'as-is';
  // As elsewhere in this field: what is the host's stays the host's, also for who is root in a user namespace.
  return {
    mount: { type, source, target, readOnly, propagation, below, mapIds: false },
    source,
    relabelled: relabel === undefined ? [] : [{ path: source, relabel }],
  };
}

async function prepareImage(
  host: MountHost,
  { task, mountedImages }: MountRequest,
  { image, subpath, target }: Extract<MountSpec, { type: 'image' }>,
  index: number,
): Promise<OneMount> {
  const found = mountedImages.get(image);
  if (found === undefined) throw new TaskError('internal', `volumes: image ${image} was not made available`);
  try {
    const source = await host.mounts.mountImage(shortId(task.id), index, found.layers, subpath);
    const mount = { type: 'bind', source, target, readOnly: true, propagation: null, below: 'none' } as const;
    // What nobody can write to needs no owners of the container's, and few kernels could map those of an overlay.
    return { mount: { ...mount, mapIds: false }, source: image, relabelled: [] };
  } catch (cause) {
    throw new TaskError('invalid', `volumes: mount ${subpath ?? 'the files'} of image ${image} on ${target}`, {
      cause,
    });
  }
}

async function prepareVolume(
  host: MountHost,
  request: MountRequest,
  mount: VolumeMount,
  borrowed: VolumeOnHost | null,
  index: number,
): Promise<OneMount> {
  const { task } = request;
  const volume = borrowed === null ? volumeOf(request, mount) : { ...borrowed, ownerId: null };
  const directory = await volumeDirectory(host, request, mount, volume);
  const source =
    mount.subpath === null ? directory : await mountSubpath(host, task, volume.name, directory, mount.subpath, index);
  const { target, readOnly } = mount;
  // On the disk a volume looks the same whichever ids its containers have, so that they can share it.
  const mapIds = task.spec.container.userNamespace === 'auto';
  return {
    mount: { type: 'bind', source, target, readOnly, propagation: null, below: 'as-is', mapIds },
    source: volume.name,
    relabelled: [{ path: directory, relabel: 'volume' }],
  };
}

type VolumeMount = Extract<MountSpec, { type: 'volume' }>;

/** The volume with the manager's id of it, null for what only refers to it: its content goes with the object that owns it. */
type OwnedVolume = VolumeOnHost & { readonly ownerId: string | null };

function volumeOf({ task, volumes }: MountRequest, { volume, target }: VolumeMount): OwnedVolume {
  const { name, object } =
    volume === null ? anonymousVolume(target, task, volumes) : namedVolume(volume, task, volumes);
  const ownerId = object?.spec.external === true ? null : (object?.id ?? null);
  return { name, ownerId, filesystem: object?.spec.filesystem ?? null };
}

/** The volume's directory on this host, filled from the image if it is empty. */
async function volumeDirectory(
  host: MountHost,
  { task, image }: MountRequest,
  { target, noCopy, subpath }: VolumeMount,
  { name, ownerId, filesystem }: OwnedVolume,
): Promise<string> {
  // A part of a volume exists already, and what the image has there would come to lie beside it.
  const copy = noCopy || subpath !== null ? null : (to: string) => host.images.copyContent(image, target, to);
  if (filesystem === null) return host.volumes.ensure(name, ownerId, copy);
  await host.volumes.ensure(name, ownerId, null);
  const directory = await host.mounts.attachVolume(name, filesystem, shortId(task.id));
  if (copy !== null && (await readdir(directory)).length === 0) await copy(directory);
  return directory;
}

async function mountSubpath(
  { mounts }: MountHost,
  task: TaskObject,
  volume: string,
  directory: string,
  subpath: string,
  index: number,
): Promise<string> {
  try {
    return await mounts.mountPart(shortId(task.id), index, directory, subpath);
  } catch (cause) {
    throw new TaskError('invalid', `volumes: subpath ${subpath} of volume ${volume}: ${(cause as Error).message}`, {
      cause,
      hint: 'the path has to exist in the volume, and no link on the way may lead out of it',
    });
  }
}
