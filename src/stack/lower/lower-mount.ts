import type { MountSpec } from '../../model/spec.ts';
import type { ComposeMount, ComposeService } from '../compose-types.ts';
import { invalidAt, unsupported } from './errors.ts';
import { bytesOrUnset, octalMode } from './values.ts';

/** `volumes` and `tmpfs` of a service. */
export function lowerMounts(name: string, service: ComposeService): readonly MountSpec[] {
  const where = `services.${name}`;
  return [
    ...(service.volumes ?? []).map((mount, index) =>
      lowerMount(`${where}.volumes[${index}]`, mount, ['services', name, 'volumes', String(index)]),
    ),
    ...(service.tmpfs ?? []).map((line, index) => lowerTmpfsLine(`${where}.tmpfs[${index}]`, line)),
  ];
}

function lowerMount(where: string, mount: ComposeMount, keys: readonly string[]): MountSpec {
  const readOnly = mount.read_only ?? false;
  switch (mount.type) {
    case 'volume':
      return lowerVolumeMount(mount, readOnly, keys);
    case 'bind':
      return lowerBind(mount, readOnly, keys);
    case 'tmpfs':
      return {
        type: 'tmpfs',
        target: mount.target,
        sizeBytes: bytesOrUnset(`${where}.tmpfs.size`, mount.tmpfs?.size),
        mode: mount.tmpfs?.mode ?? null,
        options: readOnly ? ['ro'] : [],
      };
    case 'image':
      return lowerImageMount(mount, keys);
    case 'npipe':
    case 'cluster':
      throw unsupported(where, `type ${mount.type}`);
  }
}

function lowerVolumeMount(mount: ComposeMount, readOnly: boolean, keys: readonly string[]): MountSpec {
  const volume = mount.source === undefined || mount.source === '' ? null : mount.source;
  const labels = mount.volume?.labels ?? {};
  if (volume !== null && Object.keys(labels).length > 0) {
    const hint = `write them under \`volumes.${volume}.labels\``;
    throw invalidAt([...keys, 'volume', 'labels'], 'labels of a mount are those of an anonymous volume', hint);
  }
  const subpath = lowerSubpath(mount.volume?.subpath, [...keys, 'volume', 'subpath']);
  return {
    type: 'volume',
    volume,
    target: mount.target,
    readOnly,
    noCopy: mount.volume?.nocopy ?? false,
    subpath,
    labels,
  };
}

function lowerImageMount(mount: ComposeMount, keys: readonly string[]): MountSpec {
  if (mount.source === undefined || mount.source === '') {
    throw invalidAt(keys, 'an image mount needs a source', 'name an image: `source: busybox:1.37`');
  }
  if (mount.read_only === false) {
    throw invalidAt(
      [...keys, 'read_only'],
      'an image mount is read-only',
      'remove it, or copy the files into a volume',
    );
  }
  const subpath = lowerSubpath(mount.image?.subpath, [...keys, 'image', 'subpath']);
  return { type: 'image', image: mount.source, target: mount.target, subpath };
}

/** A path below the root of what is mounted; links on the way are for the agent to follow, and no further than that root. */
function lowerSubpath(text: string | undefined, keys: readonly string[]): string | null {
  if (text === undefined || text === '') return null;
  if (text.startsWith('/') || text.split('/').includes('..')) {
    throw invalidAt(keys, `subpath ${text} has to be relative and without ..`);
  }
  return text;
}

function lowerBind(mount: ComposeMount, readOnly: boolean, keys: readonly string[]): MountSpec {
  if (mount.source === undefined || mount.source === '')
    throw invalidAt(keys, 'a bind needs a source', 'name a path: `source: ./data`');
  const recursive = mount.bind?.recursive ?? 'enabled';
  const propagation = mount.bind?.propagation ?? null;
  if (recursive === 'readonly') {
    const at = [...keys, 'bind', 'recursive'];
    if (!readOnly) throw invalidAt(at, 'recursive readonly needs read_only: true');
    // What is mounted later on the host would come in as it is there.
    if (propagation !== null && !['private', 'rprivate'].includes(propagation))
      throw invalidAt(at, `recursive readonly cannot be kept with propagation ${propagation}`, 'use rprivate');
  }
  const createHostPath = mount.bind === undefined ? true : (mount.bind.create_host_path ?? false);
  return {
    type: 'bind',
    source: mount.source,
    target: mount.target,
    readOnly,
    propagation,
    createHostPath,
    recursive,
    ...relabellings[mount.bind?.selinux ?? 'none'],
  };
}

const relabellings = { none: {}, z: { relabel: 'shared' }, Z: { relabel: 'private' } } as const;

/** `/run:size=64m,mode=755,uid=1000`. */
function lowerTmpfsLine(where: string, line: string): MountSpec {
  const colon = line.indexOf(':');
  const target = colon < 0 ? line : line.slice(0, colon);
  const options =
    colon < 0
      ? []
      : line
          .slice(colon + 1)
          .split(',')
          .filter((option) => option !== '');
  const valueOf = (name: string): string | undefined =>
    options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
  const mode = valueOf('mode');
  const size = valueOf('size');
  // A share of the memory (`size=10%`) is for the kernel to work out.
  const isShare = size?.endsWith('%') === true;
  return {
    type: 'tmpfs',
    target,
    sizeBytes: isShare ? null : bytesOrUnset(where, size),
    mode: mode === undefined ? null : octalMode(where, mode, 0),
    options: options.filter((option) => !option.startsWith('mode=') && (isShare || !option.startsWith('size='))),
  };
}
