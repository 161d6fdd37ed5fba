const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Powers of 1000, three or four digits: `12.3MB`; what docker's tools show for images and transfers. */
export function formatBytes(bytes: number): string {
  return formatSize(bytes, 1000, decimalUnits);
}

/** Powers of 1024: `1.5GiB`; what docker's tools show for memory. */
export function formatBinaryBytes(bytes: number): string {
  return formatSize(bytes, 1024, binaryUnits);
}

function formatSize(bytes: number, base: number, units: readonly string[]): string {
  let value = bytes;
  let index = 0;
  while (value >= base && index < units.length - 1) {
    value /= base;
    index += 1;
  }
  return `${Number(value.toPrecision(4))}${units[index] ?? ''}`;
}
