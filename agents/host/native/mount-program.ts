import type { VolumeFilesystemSpec } from '../../../src/model/spec.ts';
import { runLayer } from './layer.ts';
import { layerArguments } from './relative-layers.ts';

/** Makes and removes mounts on the host: tsstack-layer, one process per call (docs/native.md, section 7). */
export interface MountProgram {
  /** Mounts a file system on an existing directory; one that is mounted there already stays. */
  mount(filesystem: VolumeFilesystemSpec, to: string, signal: AbortSignal): Promise<void>;
  /** Binds what lies at a path below a directory at `to`, in place of what is mounted there. */
  mountPart(root: string, path: string, to: string): Promise<void>;
  /** Mounts what lies at a path of the image made of these layers (topmost first) at `to`, read-only. */
  mountImage(layers: readonly string[], path: string, to: string): Promise<void>;
  /** Unmounts what is mounted at the paths and removes these. What is not there is fine. */
  unmount(paths: readonly string[]): Promise<void>;
}

/** The real one. */
export function mountProgram(binary: string): MountProgram {
  return {
    mount: ({ type, device, options }, to, signal) => {
      const words = options.flatMap((option) => ['--option', option]);
      return runLayer(binary, 'mount', ['--type', type, '--from', device, '--to', to, ...words], signal);
    },
    mountPart: (root, path, to) => runLayer(binary, 'mount-part', ['--from', root, '--path', path, '--to', to]),
    mountImage: (layers, path, to) =>
      runLayer(binary, 'mount-image', ['--path', path, '--to', to, ...layerArguments(layers)]),
    unmount: (paths) => runLayer(binary, 'unmount', ['--', ...paths]),
  };
}
