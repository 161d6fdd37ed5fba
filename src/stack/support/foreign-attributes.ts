import type { NodePath } from '../tree/node.ts';
import { isAtOrBelow } from './attribute-path.ts';

/** An attribute that no Linux host, or nothing that tsstack has, can honour, whatever the version. */
export interface ForeignAttribute {
  readonly path: string;
  /** The values that it is about; absent = all. */
  readonly values?: readonly string[];
  readonly reason: string;
}

const WINDOWS_ONLY = 'exists on Windows only: this host runs Linux containers';

const NO_PLUGINS = 'names a plugin, and there are no plugins';

const NO_DEVICE_OPTIONS =
  'is for device drivers of other engines: here devices are described by CDI, which has no options';

export const FOREIGN_ATTRIBUTES: readonly ForeignAttribute[] = [
  { path: 'services.*.cpu_count', reason: WINDOWS_ONLY },
  { path: 'services.*.cpu_percent', reason: WINDOWS_ONLY },
  { path: 'services.*.credential_spec', reason: WINDOWS_ONLY },
  { path: 'services.*.isolation', reason: WINDOWS_ONLY },
  {
    path: 'services.*.use_api_socket',
    reason: 'is for programs that speak the API of a Docker engine, which tsstack does not offer',
  },
  { path: 'services.*.gpus.*.options', reason: NO_DEVICE_OPTIONS },
  { path: 'services.*.deploy.resources.reservations.devices.*.options', reason: NO_DEVICE_OPTIONS },
  { path: 'services.*.volumes.*.type', values: ['npipe'], reason: `npipe ${WINDOWS_ONLY}` },
  {
    path: 'services.*.volumes.*.type',
    values: ['cluster'],
    reason: 'cluster needs a CSI plugin, and there are no plugins',
  },
  {
    path: 'volumes.*.driver_opts.size',
    reason:
      'would need project quotas of the file system below the volume; for a limited one use `type: tmpfs`, `device: tmpfs`, `o: size=1g`',
  },
  {
    path: 'secrets.*.driver',
    reason: `${NO_PLUGINS}: use file, environment, or external with \`tsstack secret create\``,
  },
  { path: 'secrets.*.driver_opts', reason: NO_PLUGINS },
  { path: 'secrets.*.template_driver', reason: `${NO_PLUGINS}: write the content as it is to be` },
  { path: 'configs.*.template_driver', reason: `${NO_PLUGINS}: content: interpolates variables` },
];

/** Why an attribute, or one value of it, is foreign; undefined when it is not. */
export function reasonOf(path: NodePath, value?: string): string | undefined {
  return FOREIGN_ATTRIBUTES.find(({ path: pattern, values }) => {
    if (values !== undefined && !(value !== undefined && values.includes(value))) return false;
    return isAtOrBelow(path, pattern);
  })?.reason;
}
