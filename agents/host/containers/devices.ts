import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TaskError, hasErrno } from '../errors.ts';
import type { ContainerSpec } from '../../../src/model/spec.ts';
import type { OciDevice, OciDeviceRule } from './oci-spec.ts';

export interface DeviceAccess {
  readonly devices: readonly OciDevice[];
  readonly rules: readonly OciDeviceRule[];
}

const character = 'c';

/**
 * What every container may use: node creation of any kind (CAP_MKNOD decides), the harmless devices and terminals. No exceptions
 * from a wildcard: runc refuses those where the device controller is that of cgroup v1.
 */
const defaultRules: readonly OciDeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3], // null
    [1, 5], // zero
    [1, 7], // full
    [1, 8], // random
    [1, 9], // urandom
    [5, 0], // tty
    [5, 1], // console
    [5, 2], // ptmx
  ].map(([major = 0, minor = 0]) => ({ allow: true, type: character, major, minor, access: 'rwm' }) as const),
  { allow: true, type: 'c', major: 136, access: 'rwm' }, // pts/*
];

/** Devices beyond the ones that every container has, and the rules of the device controller. */
export function resolveDevices(spec: Pick<ContainerSpec, 'devices' | 'deviceRules' | 'privileged'>): DeviceAccess {
  if (spec.privileged) {
    return { devices: devicesBelow('/dev', '/dev'), rules: [{ allow: true, access: 'rwm' }] };
  }
  const asked = spec.devices.map((device) => ({ permissions: device.permissions, found: findDevices(device) }));
  const rules = asked.flatMap(({ permissions, found }) =>
    found.map(({ type, major, minor }): OciDeviceRule => ({
      allow: true,
      type: type === 'b' ? 'b' : 'c',
      major,
      minor,
      access: permissions,
    })),
  );
  return {
    devices: asked.flatMap(({ found }) => found),
    rules: [...defaultRules, ...rules, ...spec.deviceRules.map(toOciRule)],
  };
}

function toOciRule({ type, major, minor, access }: ContainerSpec['deviceRules'][number]): OciDeviceRule {
  return { allow: true, type, ...(major === null ? {} : { major }), ...(minor === null ? {} : { minor }), access };
}

function findDevices({ source, target }: { readonly source: string; readonly target: string }): OciDevice[] {
  try {
    const stats = statSync(source);
    if (stats.isDirectory()) return devicesBelow(source, target);
    const device = toDevice(source, target);
    if (device !== null) return [device];
  } catch (cause) {
    if (!hasErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new TaskError('invalid', `devices: ${source} does not exist on this host`, { cause });
  }
  throw new TaskError('invalid', `devices: ${source} is not a device`);
}

/** The device at that path of the host, as it appears at another one in a container. */
export function deviceAt(source: string, target: string): OciDevice {
  const [device, other] = findDevices({ source, target });
  if (device !== undefined && other === undefined) return device;
  throw new TaskError('invalid', `devices: ${source} is not one device`);
}

/** Directories that are mounts of their own in every container, and the console, which is the container's terminal. */
const skipped: ReadonlySet<string> = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', '.lxc', '.lxd-mounts', '.udev']);

function devicesBelow(source: string, target: string): OciDevice[] {
  return readdirSync(source, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) return devicesBelow(from, to);
    const device = entry.isCharacterDevice() || entry.isBlockDevice() ? toDevice(from, to) : null;
    return device === null ? [] : [device];
  });
}

function toDevice(source: string, path: string): OciDevice | null {
  const followed = statSync(source, { throwIfNoEntry: false }) ?? lstatSync(source);
  if (!followed.isCharacterDevice() && !followed.isBlockDevice()) return null;
  const { major, minor } = splitDeviceNumber(followed.rdev);
  const type = followed.isBlockDevice() ? 'b' : 'c';
  return { path, type, major, minor, fileMode: followed.mode & 0o7777, uid: followed.uid, gid: followed.gid };
}

/** Linux's 64-bit device number: the low 8 bits and bits 20 to 43 are the minor number, bits 8 to 19 (and 44 on) the major one. */
export function splitDeviceNumber(device: number): { major: number; minor: number } {
  const wide = BigInt(device);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}
