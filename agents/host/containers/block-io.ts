import { statSync } from 'node:fs';
import type { BlockIoRate, BlockIoSpec } from '../../../src/model/block-io-spec.ts';
import { TaskError, hasErrno } from '../errors.ts';
import { splitDeviceNumber } from './devices.ts';
import type { OciBlockIo } from './oci-spec.ts';

interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Shares and limits of input and output, with the numbers that the devices have on this host. */
export function buildBlockIo(spec: BlockIoSpec, find: (path: string) => DeviceNumber = findBlockDevice): OciBlockIo {
  const rates = (items: readonly BlockIoRate[]) => items.map(({ path, rate }) => ({ ...find(path), rate }));
  return {
    ...(spec.weight === null ? {} : { weight: spec.weight }),
    weightDevice: spec.weightDevices.map(({ path, weight }) => ({ ...find(path), weight })),
    throttleReadBpsDevice: rates(spec.readBps),
    throttleWriteBpsDevice: rates(spec.writeBps),
    throttleReadIOPSDevice: rates(spec.readIops),
    throttleWriteIOPSDevice: rates(spec.writeIops),
  };
}

function findBlockDevice(path: string): DeviceNumber {
  try {
    const stats = statSync(path);
    if (stats.isBlockDevice()) return splitDeviceNumber(stats.rdev);
  } catch (cause) {
    if (!hasErrno(cause, 'ENOENT', 'ENOTDIR')) throw cause;
    throw new TaskError('invalid', `blkio_config: ${path} does not exist on this host`, { cause });
  }
  throw new TaskError('invalid', `blkio_config: ${path} is not a block device`);
}
