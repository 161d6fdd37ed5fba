import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { memberSocket } from '../../manager/store/store-setting.ts';
import { memberUrl } from '../../manager/store/etcd/member-url.ts';
import { memberAddressOf, parseHostPort } from '../../model/host-port.ts';
import { serverName } from '../../rpc/secure/trust.ts';
import type { ClusterFiles, Membership } from '../cluster/cluster-files.ts';

/** With these a lost leader of etcd is replaced within a second, so that a new leader of the cluster acts within 5 s; elections of its own take twice as long. */
const timing = { 'heartbeat-interval': '100', 'election-timeout': '500' };

/** The most that etcd is made for. What is in the file is in memory as well; a cluster of 100,000 tasks has about 1 GB. */
const quotaBytes = 8 * 2 ** 30;

/** A member as it is started. */
export interface MemberStart {
  readonly membership: Membership;
  /** Below which the member keeps its data; its socket lies in it. */
  readonly directory: string;
  readonly files: Pick<ClusterFiles, 'identityPath' | 'authoritiesPath' | 'revokedPath'>;
  /** `NAME=URL` of all members, with this one; null when it is the first one, or its data say who they are. */
  readonly others: readonly string[] | null;
  /** Begins a new cluster of this member alone with what it has. */
  readonly isForced?: boolean;
}

/** What etcd is started with in `directory`. */
export function etcdArguments({
  membership,
  directory,
  files,
  others,
  isForced = false,
}: MemberStart): readonly string[] {
  const peer = memberUrl(membership.managerAddress);
  const clients = `unix://${memberSocket}`;
  const members = others ?? [`${membership.nodeId}=${peer}`];
  const options = {
    name: membership.nodeId,
    'data-dir': dataDirectory(directory),
    'listen-client-urls': clients,
    'advertise-client-urls': clients,
    'listen-peer-urls': listenUrl(membership),
    'initial-advertise-peer-urls': peer,
    'initial-cluster': members.join(),
    'initial-cluster-token': membership.clusterId,
    'initial-cluster-state': others === null ? 'new' : 'existing',
    'peer-cert-allowed-hostname': serverName,
    'peer-trusted-ca-file': files.authoritiesPath,
    'peer-cert-file': files.identityPath,
    'peer-key-file': files.identityPath,
    // Read at each handshake, as the files above are, but for the authorities.
    'peer-crl-file': files.revokedPath,
    ...timing,
    'quota-backend-bytes': String(quotaBytes),
    'snapshot-count': '10000',
    logger: 'zap',
    'log-level': 'warn',
    'log-outputs': 'stderr',
  };
  return [
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    '--pre-vote',
    '--peer-client-cert-auth',
    // Who comes is a manager, from whatever address: a host has several.
    '--experimental-peer-skip-client-san-verification',
    ...(isForced ? ['--force-new-cluster'] : []),
  ];
}

/** Where the member keeps what it stores. */
export function dataDirectory(directory: string): string {
  return join(directory, 'data');
}

/** etcd listens at addresses only, and knows no names. */
function listenUrl({ listen, managerAddress }: Membership): string {
  const host = parseHostPort(listen)?.host ?? '0.0.0.0';
  const port = memberAddressOf(managerAddress)?.port ?? 0;
  return `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
