import { parseAddress } from './ip-range.ts';

/** Where managers of clusters listen unless told otherwise. */
export const managerPort = 2377;

export interface HostPort {
  /** A name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST`, `HOST:PORT`, `[IPV6]:PORT` or a bare IPv6 address; undefined when it is none of these. */
export function parseHostPort(text: string, defaultPort = managerPort): HostPort | undefined {
  if (parseAddress(text) !== undefined) return { host: text, port: defaultPort };
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^[\]:/\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === undefined || port < 1 || port > 65_535) return undefined;
  return bracketed !== undefined && parseAddress(bracketed)?.family !== 6 ? undefined : { host, port };
}

/** The form that parseHostPort reads and clients connect to. */
export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** ADDRESS:PORT where the etcd of a manager listens to the others', of the manager's own: the port after that one, 2378 as a rule. */
export function memberAddressOf(managerAddress: string): HostPort | undefined {
  const parsed = parseHostPort(managerAddress);
  return parsed === undefined ? undefined : { host: parsed.host, port: parsed.port + 1 };
}
