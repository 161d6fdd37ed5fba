import type { TaskObject, VolumeObject } from '../../../src/model/objects.ts';
import type { MountSpec } from '../../../src/model/spec.ts';
import { allEnded } from '../all-ended.ts';
import type { PreparedMount } from '../containers/mounts.ts';
import { ensureBindSource } from '../volumes/bind-source.ts';
import { anonymousVolume, namedVolume } from '../volumes/volume-names.ts';
import type { LocalImage, TaskHost } from './task-host.ts';

export interface MountsResult {
  readonly mounts: readonly PreparedMount[];
  /** Names of volumes and paths of binds, for people. */
  readonly sources: readonly string[];
  readonly anonymousVolumes: readonly string[];
}

interface OneMount {
  readonly mount: PreparedMount;
  readonly source: string | null;
}

/** Finds or makes the source of every mount of the file, and of the volumes that the image declares and the file does not mention. */
export async function prepareMounts(
  host: Pick<TaskHost, 'volumes' | 'images'>,
  task: TaskObject,
  volumes: readonly VolumeObject[],
  image: LocalImage,
): Promise<MountsResult> {
  const wanted = wantedMounts(task, image);
  const made = await allEnded(wanted.map((mount) => prepareMount(host, task, volumes, image, mount)));
  return {
    mounts: made.map(({ mount }) => mount),
    sources: made.flatMap(({ source }) => (source === null ? [] : [source])),
    anonymousVolumes: anonymousVolumesOf(task, volumes, image),
  };
}

/** Names of the anonymous volumes that a container of the task has, or will have. */
export function anonymousVolumesOf(
  task: TaskObject,
  volumes: readonly VolumeObject[],
  image: LocalImage,
): readonly string[] {
  return wantedMounts(task, image).flatMap((mount) =>
    mount.type === 'volume' && mount.volume === null ? [anonymousVolume(mount.target, task, volumes).name] : [],
  );
}

function wantedMounts(task: TaskObject, image: LocalImage): readonly MountSpec[] {
  const { mounts } = task.spec.container;
  const targets = new Set(mounts.map((mount) => mount.target.replace(/\/+$/, '')));
  const ofImage = image.defaults.volumes.filter((target) => !targets.has(target.replace(/\/+$/, '')));
  return [
    ...mounts,
    ...ofImage.map((target) => ({ type: 'volume', volume: null, target, readOnly: false, noCopy: false }) as const),
  ];
}

async function prepareMount(
  host: Pick<TaskHost, 'volumes' | 'images'>,
  task: TaskObject,
  volumes: readonly VolumeObject[],
  image: LocalImage,
  mount: MountSpec,
): Promise<OneMount> {
  if (mount.type === 'tmpfs') return { mount, source: null };
  if (mount.type === 'bind') {
    await ensureBindSource(mount);
    // As elsewhere in this field: what is the host's stays the host's, also for who is root in a user namespace.
    return { mount: { ...mount, mapIds: false }, source: mount.source };
  }
  const isAnonymous = mount.volume === null;
  const found = isAnonymous ? anonymousVolume(mount.target, task, volumes) : namedVolume(mount.volume, task, volumes);
  const copy = mount.noCopy ? null : (to: string) => host.images.copyContent(image, mount.target, to);
  // An external object only refers to a volume: its content goes with the object that owns it.
  const ownerId = found.object?.spec.external === true ? null : (found.object?.id ?? null);
  // On the disk a volume looks the same whichever ids its containers have, so that they can share it.
  const mapIds = task.spec.container.userNamespace === 'auto';
  const directory = await host.volumes.ensure(found.name, ownerId, copy);
  return {
    mount: {
      type: 'bind',
      source: directory,
      target: mount.target,
      readOnly: mount.readOnly,
      propagation: null,
      mapIds,
    },
    source: found.name,
  };
}
