import type { MountSpec } from '../../model/spec.ts';
import type { ComposeMount, ComposeService } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';
import { bytesOrUnset, octalMode } from './values.ts';

/** `volumes` and `tmpfs` of a service. */
export function lowerMounts(where: string, service: ComposeService): readonly MountSpec[] {
  return [
    ...(service.volumes ?? []).map((mount, index) => lowerMount(`${where}.volumes[${index}]`, mount)),
    ...(service.tmpfs ?? []).map((line, index) => lowerTmpfsLine(`${where}.tmpfs[${index}]`, line)),
  ];
}

function lowerMount(where: string, mount: ComposeMount): MountSpec {
  const readOnly = mount.read_only ?? false;
  switch (mount.type) {
    case 'volume':
      if (mount.volume?.subpath !== undefined) throw unsupported(where, 'subpath');
      return {
        type: 'volume',
        volume: mount.source ?? null,
        target: mount.target,
        readOnly,
        noCopy: mount.volume?.nocopy ?? false,
      };
    case 'bind':
      return lowerBind(where, mount, readOnly);
    case 'tmpfs':
      return {
        type: 'tmpfs',
        target: mount.target,
        sizeBytes: bytesOrUnset(`${where}.tmpfs.size`, mount.tmpfs?.size),
        mode: mount.tmpfs?.mode ?? null,
        options: readOnly ? ['ro'] : [],
      };
    case 'image':
    case 'npipe':
    case 'cluster':
      throw unsupported(where, `type ${mount.type}`);
  }
}

function lowerBind(where: string, mount: ComposeMount, readOnly: boolean): MountSpec {
  if (mount.source === undefined || mount.source === '') throw invalid(where, 'a bind needs a source');
  const createHostPath = mount.bind === undefined ? true : (mount.bind.create_host_path ?? false);
  return {
    type: 'bind',
    source: mount.source,
    target: mount.target,
    readOnly,
    propagation: mount.bind?.propagation ?? null,
    createHostPath,
  };
}

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
