import type { ContainerSpec } from '../../../src/model/spec.ts';

/** Name server of every container on a network of ours (many images have the address built in). */
const containerResolver = '127.0.0.11';

/** Used when the host names no server at all, as elsewhere in this field. */
const fallbackServers: readonly string[] = ['8.8.8.8', '8.8.4.4'];

/** What the host's /etc/resolv.conf says. */
export interface ResolverSettings {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export function parseResolvConf(text: string): ResolverSettings {
  const settings = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split('\n')) {
    const [keyword = '', ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    if (keyword === 'nameserver') settings.servers.push(...values.slice(0, 1));
    // The last of several search lines holds; `domain` is its older form.
    else if (keyword === 'search' || keyword === 'domain') settings.search = values;
    else if (keyword === 'options') settings.options.push(...values);
  }
  return settings;
}

type DnsSpec = Pick<ContainerSpec, 'dns' | 'dnsSearch' | 'dnsOptions'>;

/** Servers that names outside our networks are asked of. */
export function upstreamServers(spec: DnsSpec, host: ResolverSettings): readonly string[] {
  if (spec.dns.length > 0) return spec.dns;
  return host.servers.length > 0 ? host.servers : fallbackServers;
}

/** /etc/resolv.conf: with networks of ours their resolver alone, which forwards; else the servers themselves. */
export function buildResolvConf(spec: DnsSpec, host: ResolverSettings, hasResolver: boolean): string {
  const servers = hasResolver ? [containerResolver] : upstreamServers(spec, host);
  // `dns_search: .` means none.
  const search = (spec.dnsSearch.length > 0 ? spec.dnsSearch : host.search).filter((domain) => domain !== '.');
  const given = spec.dnsOptions.length > 0 ? spec.dnsOptions : host.options;
  const options = hasResolver && !given.some((option) => option.startsWith('ndots:')) ? [...given, 'ndots:0'] : given;
  return [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}

export interface HostsInput {
  readonly hostname: string;
  readonly domainname: string | null;
  /** Own addresses without prefix length. */
  readonly addresses: readonly string[];
  readonly extraHosts: ContainerSpec['extraHosts'];
  /** What `host-gateway` stands for; empty when the container has no way to the host. */
  readonly gateways: readonly string[];
  /** Lines to begin with instead of the loopback names (host network: the host's own file). */
  readonly base: string | null;
}

const loopbackHosts = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::\tip6-localnet
ff00::\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

/** /etc/hosts of a container. */
export function buildHosts(input: HostsInput): string {
  const names = input.domainname === null ? input.hostname : `${input.hostname}.${input.domainname} ${input.hostname}`;
  const extra = input.extraHosts.flatMap(({ host, address }) => {
    const resolved = address === 'host-gateway' ? input.gateways : [address];
    return resolved.map((one) => `${one}\t${host}\n`);
  });
  const own = input.addresses.map((address) => `${address}\t${names}\n`);
  const base = input.base ?? loopbackHosts;
  return [base.endsWith('\n') || base === '' ? base : `${base}\n`, ...extra, ...own].join('');
}
