import type { VolumeFilesystemSpec, VolumeSpec } from '../../model/spec.ts';
import type { ComposeVolume } from '../compose-types.ts';
import { invalidAt, unsupported } from './errors.ts';

/** A volume of the stack. */
export function lowerVolume(key: string, volume: ComposeVolume): VolumeSpec {
  const driver = volume.driver ?? 'local';
  if (driver !== 'local') throw unsupported(`volumes.${key}.driver`, driver);
  return {
    name: volume.name,
    external: volume.external ?? false,
    labels: volume.labels ?? {},
    filesystem: lowerFilesystem(key, volume.driver_opts ?? {}),
  };
}

/** Options of the local driver, which says what mount(8) says. */
function lowerFilesystem(key: string, options: Readonly<Record<string, string>>): VolumeFilesystemSpec | null {
  const { type = '', device = '', o = '', ...others } = options;
  const at = ['volumes', key, 'driver_opts'];
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw invalidAt([...at, other], `the local driver has no option ${other}`, 'it takes type, device and o');
  }
  if (type === '' && device === '' && o === '') return null;
  if (type === '' || device === '') {
    const missing = type === '' ? 'type' : 'device';
    throw invalidAt(
      at,
      `a volume with driver_opts needs ${missing}`,
      'as `type: nfs`, `device: ":/export"`, `o: addr=HOST`',
    );
  }
  const words = o.split(',').filter((word) => word !== '');
  const isBind = words.some((word) => word === 'bind' || word === 'rbind');
  if (isBind && !isPlainPath(device)) {
    throw invalidAt([...at, 'device'], `${device} is no absolute path without ..`, 'name a directory of the host');
  }
  if (!isBind && type === 'none') throw invalidAt([...at, 'type'], 'type none needs the option bind', 'add `o: bind`');
  return { type, device, options: words };
}

function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !path.split('/').includes('..');
}
