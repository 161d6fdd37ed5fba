import type { DeviceRequestSpec } from '../../../src/model/device-request-spec.ts';
import { TaskError } from '../errors.ts';
import type { CdiRegistry } from './cdi-registry.ts';

/** Vendors of drivers that are not called as their vendor's name in CDI begins. */
const vendors: Readonly<Record<string, string>> = { nvidia: 'nvidia.com', amd: 'amd.com', intel: 'intel.com' };

/** Name that vendors give to all of their devices of a class together. */
const allDevices = 'all';

/** The CDI names of the devices that a request is about. */
export function requestedDevices(request: DeviceRequestSpec, registry: CdiRegistry): readonly string[] {
  if (request.driver === 'cdi') return request.ids;
  const kind = findKind(request, registry);
  const known = registry.devicesOf(kind);
  const single = known.filter((name) => name !== allDevices);
  const names = request.ids.length > 0 ? request.ids : choose(request, kind, known, single);
  return names.map((name) => (name.includes('=') ? name : `${kind}=${name}`));
}

function choose(
  { count }: DeviceRequestSpec,
  kind: string,
  known: readonly string[],
  single: readonly string[],
): readonly string[] {
  if (count === null || count === -1) return known.includes(allDevices) ? [allDevices] : single;
  if (count <= single.length) return single.slice(0, count);
  throw new TaskError(
    'unsupported',
    `devices: ${count} devices of ${kind} are asked for, this host has ${single.length}`,
  );
}

function findKind({ driver, capabilities }: DeviceRequestSpec, registry: CdiRegistry): string {
  const fitting = registry.kinds.filter((kind) => {
    const [vendor = '', name = ''] = kind.split('/');
    const isVendor = driver === null || vendor === (vendors[driver] ?? driver) || vendor.split('.')[0] === driver;
    return isVendor && capabilities.includes(name);
  });
  const [kind, other] = fitting;
  const wanted = `${driver === null ? '' : `${driver} `}${capabilities.join(', ')}`;
  if (kind === undefined) {
    throw new TaskError('unsupported', `devices: this host has no CDI spec for ${wanted}`, {
      hint: registry.describeSearch(),
    });
  }
  if (other !== undefined) {
    throw new TaskError('invalid', `devices: this host has ${fitting.join(' and ')} for ${wanted}`, {
      hint: 'name the vendor with driver:',
    });
  }
  return kind;
}
