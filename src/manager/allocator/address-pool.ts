/** Chooses subnets and addresses. Pure: the same state gives the same choice. */
import { formatCidr, overlaps, parseCidr, type Ipv4Range } from './ipv4.ts';

/**
 * Where networks without a subnet of their own come from: private ranges (RFC 1918) beside those that Docker (172.17-172.20, 192.168), libvirt and
 * most routers use. Cut in /24.
 */
const defaultPools: readonly string[] = ['172.28.0.0/14', '10.213.0.0/16', '192.168.128.0/17'];

const subnetPrefix = 24;

/**
 * The next free /24 after `after` (serial and not lowest: a bridge that is just being removed keeps its subnet a moment longer), or undefined
 * when every one overlaps something in `taken` (CIDR texts; a default route does not count).
 */
export function chooseSubnet(
  taken: readonly string[],
  after: string | null,
  pools: readonly string[] = defaultPools,
): string | undefined {
  const avoided = taken.flatMap((text) => {
    const range = parseCidr(text);
    return range === undefined || range.prefix === 0 ? [] : [range];
  });
  const candidates = pools.flatMap((pool) => subnetsOf(parseCidr(pool)));
  const start = candidates.findIndex((candidate) => formatCidr(candidate) === after) + 1;
  const order = [...candidates.slice(start), ...candidates.slice(0, start)];
  const free = order.find((candidate) => !avoided.some((range) => overlaps(range, candidate)));
  return free === undefined ? undefined : formatCidr(free);
}

function subnetsOf(pool: Ipv4Range | undefined): readonly Ipv4Range[] {
  if (pool === undefined) return [];
  const size = 2 ** (32 - subnetPrefix);
  const count = (pool.last - pool.first + 1) / size;
  return Array.from({ length: count }, (_unused, index) => {
    const first = pool.first + index * size;
    return { first, last: first + size - 1, prefix: subnetPrefix };
  });
}

/**
 * The next free address of the range after `after`, or undefined when none is left. The first and last address of the subnet are no hosts'.
 */
export function chooseAddress(
  subnet: Ipv4Range,
  taken: ReadonlySet<number>,
  after: number | null,
  range: Ipv4Range = subnet,
): number | undefined {
  const first = Math.max(subnet.first + 1, range.first);
  const last = Math.min(subnet.last - 1, range.last);
  const count = last - first + 1;
  const start = after === null || after < first || after > last ? 0 : after - first + 1;
  for (let step = 0; step < count; step++) {
    const address = first + ((start + step) % count);
    if (!taken.has(address)) return address;
  }
  return undefined;
}
