/** Chooses subnets and addresses. Pure: the same state gives the same choice. */
import { createHash } from 'node:crypto';
import { formatCidr, hostRange, overlaps, parseCidr, type IpAddress, type IpRange } from '../../model/ip-range.ts';

/** A range that networks without a subnet of their own get one of. */
export interface DefaultPool {
  readonly range: string;
  /** Prefix length of what is cut from it. */
  readonly subnetPrefix: number;
}

/** Private ranges (RFC 1918) beside those that Docker (172.17-172.20, 192.168), libvirt and most routers use. */
const ipv4Pools: readonly DefaultPool[] = ['172.28.0.0/14', '10.213.0.0/16', '192.168.128.0/17'].map((range) => ({
  range,
  subnetPrefix: 24,
}));

/**
 * Unique local addresses (RFC 4193): fd, 40 bits that differ from machine to machine, here from a digest of `seed`, and room for 65,536
 * networks of the usual size.
 */
export function uniqueLocalPool(seed: string): DefaultPool {
  const digits = createHash('sha256').update(`tsstack ula ${seed}`).digest('hex').slice(0, 10);
  return {
    range: `fd${digits.slice(0, 2)}:${digits.slice(2, 6)}:${digits.slice(6, 10)}::/48`,
    subnetPrefix: 64,
  };
}

/**
 * The next free subnet after `after` (serial and not lowest: a bridge that is just being removed keeps its subnet a moment longer), or undefined
 * when every one overlaps something in `taken` (CIDR texts; a default route does not count).
 */
export function chooseSubnet(
  taken: readonly string[],
  after: string | null,
  pools: readonly DefaultPool[] = ipv4Pools,
): string | undefined {
  const avoided = taken.flatMap((text) => {
    const range = parseCidr(text);
    return range === undefined || range.prefix === 0 ? [] : [range];
  });
  const parts = pools.map(partsOf);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const start = indexAfter(parts, after);
  for (let step = 0; step < count; step++) {
    const candidate = subnetAt(parts, (start + step) % count);
    if (!avoided.some((range) => overlaps(range, candidate))) return formatCidr(candidate);
  }
  return undefined;
}

/** A pool as so many subnets of equal size. */
interface Parts {
  readonly pool: IpRange;
  readonly subnetPrefix: number;
  readonly size: bigint;
  readonly count: number;
}

function partsOf({ range, subnetPrefix }: DefaultPool): Parts {
  const pool = parseCidr(range);
  if (pool === undefined) throw new TypeError(`${range} is no range of addresses`);
  const size = 1n << BigInt((pool.family === 4 ? 32 : 128) - subnetPrefix);
  return { pool, subnetPrefix, size, count: Number((pool.last - pool.first + 1n) / size) };
}

/** Number of the subnet that follows `after` in the row of all pools' subnets; 0 when it is none of them. */
function indexAfter(parts: readonly Parts[], after: string | null): number {
  const range = after === null ? undefined : parseCidr(after);
  let before = 0;
  for (const { pool, subnetPrefix, size, count } of parts) {
    if (range !== undefined && range.prefix === subnetPrefix && overlaps(pool, range)) {
      return before + Number((range.first - pool.first) / size) + 1;
    }
    before += count;
  }
  return 0;
}

function subnetAt(parts: readonly Parts[], index: number): IpRange {
  let rest = index;
  for (const { pool, subnetPrefix, size, count } of parts) {
    if (rest < count) {
      const first = pool.first + BigInt(rest) * size;
      return { family: pool.family, first, last: first + size - 1n, prefix: subnetPrefix };
    }
    rest -= count;
  }
  throw new RangeError(`there is no subnet ${index} in the pools`);
}

/** The next free address of the range after `after`, or undefined when none is left. */
export function chooseAddress(
  subnet: IpRange,
  taken: ReadonlySet<bigint>,
  after: bigint | null,
  range: Pick<IpRange, 'first' | 'last'> = subnet,
): IpAddress | undefined {
  const hosts = hostRange(subnet);
  const first = hosts.first > range.first ? hosts.first : range.first;
  const last = hosts.last < range.last ? hosts.last : range.last;
  const count = last - first + 1n;
  const start = after === null || after < first || after > last ? 0n : after - first + 1n;
  for (let step = 0n; step < count; step++) {
    const value = first + ((start + step) % count);
    if (!taken.has(value)) return { family: subnet.family, value };
  }
  return undefined;
}
