import { existsSync, readFileSync } from 'node:fs';

/** Destinations of this host's routes in CIDR form, as they are now, of both families. */
export function readRoutes(): readonly string[] {
  const ipv6 = '/proc/net/ipv6_route';
  // A kernel may have no IPv6.
  const ipv6Routes = existsSync(ipv6) ? parseIpv6Routes(readFileSync(ipv6, 'utf8')) : [];
  return [...parseRoutes(readFileSync('/proc/net/route', 'utf8')), ...ipv6Routes];
}

/**
 * Destinations of IPv4 routes in CIDR form from the text of /proc/net/route, without default routes. Those of our own bridges are among them: another
 * daemon's look the same, and what is ours is taken anyway.
 */
export function parseRoutes(text: string): readonly string[] {
  const routes = text
    .trim()
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, destination = '', , , , , , mask = ''] = line.split(/\s+/);
      const prefix = prefixLength(mask);
      return prefix === 0 ? [] : [`${toAddress(destination)}/${prefix}`];
    });
  return [...new Set(routes)];
}

/** The kernel prints addresses as hexadecimal numbers in the byte order of the machine; every supported one is little-endian. */
function toAddress(hexadecimal: string): string {
  return [...Buffer.from(hexadecimal, 'hex')].reverse().join('.');
}

function prefixLength(mask: string): number {
  return Number.parseInt(mask, 16).toString(2).replaceAll('0', '').length;
}

/** Destinations of IPv6 routes from the text of /proc/net/ipv6_route: those of networks, without what every link has (link-local, multicast). */
function parseIpv6Routes(text: string): readonly string[] {
  const routes = text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [destination = '', length = '0', , , , , , , , device = ''] = line.trim().split(/\s+/);
      const prefix = Number.parseInt(length, 16);
      // Addresses of the host itself are routes of all 128 bits at the loopback device.
      const isOfEveryLink = /^(fe[89ab]|ff)/.test(destination) || device === 'lo';
      if (prefix === 0 || isOfEveryLink) return [];
      return [`${(destination.match(/.{4}/g) ?? []).join(':')}/${prefix}`];
    });
  return [...new Set(routes)];
}
