/** IP addresses as numbers and networks as ranges of them, of either family. */
import { isIPv4, isIPv6 } from 'node:net';

export type IpFamily = 4 | 6;

export interface IpAddress {
  readonly family: IpFamily;
  readonly value: bigint;
}

export interface IpRange {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
}

const bits = { 4: 32, 6: 128 } as const;

/** The network of a CIDR text, host bits cleared; undefined when it is none. */
export function parseCidr(text: string): IpRange | undefined {
  const match = /^([\da-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix > bits[address.family]) return undefined;
  const size = 1n << BigInt(bits[address.family] - prefix);
  const first = address.value - (address.value % size);
  return { family: address.family, first, last: first + size - 1n, prefix };
}

/** The number of an address; undefined when it is none. */
export function parseAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { family: 4, value: joinNumbers(text.split('.').map(Number), 8) };
  // A zone (`%eth0`) belongs to a socket, not to an address.
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [left = [], tail = []] = text.split('::', 2).map(wordsOf);
  const zeros = Array.from({ length: 8 - left.length - tail.length }, () => 0);
  return { family: 6, value: joinNumbers([...left, ...zeros, ...tail], 16) };
}

/** The 16-bit words of a part of an IPv6 address, whose end may be written like one of IPv4. */
function wordsOf(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((word) => {
    if (!word.includes('.')) return [Number.parseInt(word, 16)];
    const value = Number(joinNumbers(word.split('.').map(Number), 8));
    return [Math.floor(value / 65_536), value % 65_536];
  });
}

function joinNumbers(numbers: readonly number[], width: number): bigint {
  return numbers.reduce((sum, number) => (sum << BigInt(width)) + BigInt(number), 0n);
}

export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const words = Array.from({ length: 8 }, (_unused, index) => (value >> BigInt(112 - index * 16)) & 0xffffn);
  // The one place of the platform that writes the shortest form (RFC 5952).
  return new URL(`http://[${words.map((word) => word.toString(16)).join(':')}]`).hostname.slice(1, -1);
}

export function formatCidr({ family, first, prefix }: IpRange): string {
  return `${formatAddress({ family, value: first })}/${prefix}`;
}

export function overlaps(a: IpRange, b: IpRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Whether a container may have the address: IPv4 keeps the first and the last one, IPv6 the first for the routers. */
export function isHostAddress(subnet: IpRange, address: IpAddress): boolean {
  const { first, last } = hostRange(subnet);
  return address.family === subnet.family && address.value >= first && address.value <= last;
}

/** The addresses of a subnet that a container may have. */
export function hostRange({ family, first, last }: IpRange): Pick<IpRange, 'first' | 'last'> {
  return { first: first + 1n, last: family === 4 ? last - 1n : last };
}

/** 02:42 and the last four octets, as containers have had their MACs ever since; unique on a network because the address is. */
export function macOf({ value }: IpAddress): string {
  const octets = [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 255n).toString(16).padStart(2, '0'));
  return ['02', '42', ...octets].join(':');
}
