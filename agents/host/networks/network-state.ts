import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { BridgeOptions } from '../../../src/model/bridge-options.ts';
import type { PublishedPort } from '../../../src/model/objects.ts';
import { hasErrno } from '../errors.ts';
import type { NetPortWish } from '../native/net-protocol.ts';
import { planNft } from './nft-plan.ts';
import type { NftPublication, NftSpan } from './nft-plan.ts';
import type { Rules } from './rule-writer.ts';

/** A network that has a bridge on this host. */
export interface HostNetwork {
  readonly id: string;
  readonly bridge: string;
  readonly subnets: readonly string[];
  readonly internal: boolean;
  readonly options: Pick<BridgeOptions, 'interContainer' | 'masquerade' | 'gatewayMode'>;
}

/** The published ports of one container. */
export interface Publication {
  readonly id: string;
  /** Its name, for messages. */
  readonly owner: string;
  /** Of the container, at most one of each family. */
  readonly addresses: readonly string[];
  readonly ports: readonly PublishedPort[];
  readonly open: readonly OpenPort[];
  /** Its service, if that has ports at all hosts, and what had to be reserved for these. */
  readonly service: string | null;
  readonly shared: readonly NetPortWish[];
}

/** A port that may be reached at the container's own address. */
export interface OpenPort {
  readonly address: string;
  readonly protocol: PublishedPort['protocol'];
  readonly port: number;
}

/** What this daemon has put into the kernel's rules; a later daemon has to know it before it writes any. */
export interface NetworkState {
  readonly networks: readonly HostNetwork[];
  readonly publications: readonly Publication[];
}

export function rulesOf(
  { networks, publications }: NetworkState,
  destinations: readonly NftPublication[],
  spans: readonly NftSpan[],
): Rules {
  const open = publications.flatMap((publication) => publication.open);
  const plan = planNft(networks, destinations, open, spans);
  return { plan, bridges: networks.map(({ bridge }) => bridge).sort() };
}

/** An empty state when there is none yet. */
export async function readNetworkState(path: string): Promise<NetworkState> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as NetworkState;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { networks: [], publications: [] };
    throw error;
  }
}

/** Replaces the file in one step. It lies in the run root: it outlives the daemon, not the machine, as the rules do. */
export async function writeNetworkState(path: string, state: NetworkState): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${path}.new`, path);
}
