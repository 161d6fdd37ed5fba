import type { BlockIoRate, BlockIoSpec } from '../../model/block-io-spec.ts';
import type { ComposeService } from '../compose-types.ts';
import { bytes } from './values.ts';

type Blkio = NonNullable<ComposeService['blkio_config']>;

/** `blkio_config`, or null where it says nothing. */
export function lowerBlockIo(where: string, blkio: Blkio | undefined): BlockIoSpec | null {
  if (blkio === undefined) return null;
  const rates = (key: 'device_read_bps' | 'device_write_bps' | 'device_read_iops' | 'device_write_iops') =>
    (blkio[key] ?? []).map(({ path, rate }, index): BlockIoRate => {
      return { path, rate: bytes(`${where}.blkio_config.${key}[${index}].rate`, rate) ?? 0 };
    });
  return {
    weight: blkio.weight ?? null,
    weightDevices: (blkio.weight_device ?? []).map(({ path, weight }) => ({ path, weight })),
    readBps: rates('device_read_bps'),
    writeBps: rates('device_write_bps'),
    readIops: rates('device_read_iops'),
    writeIops: rates('device_write_iops'),
  };
}
