import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PublishedPort } from '../../../src/model/objects.ts';
import { hasErrno } from '../errors.ts';
import { planNft } from './nft-plan.ts';
import type { Rules } from './rule-writer.ts';

/** A network that has a bridge on this host. */
export interface HostNetwork {
  readonly id: string;
  readonly bridge: string;
  readonly subnet: string;
  readonly internal: boolean;
}

/** The published ports of one container. */
export interface Publication {
  readonly id: string;
  /** Its name, for messages. */
  readonly owner: string;
  readonly address: string;
  readonly ports: readonly PublishedPort[];
}

/** What this daemon has put into the kernel's rules; a later daemon has to know it before it writes any. */
export interface NetworkState {
  readonly networks: readonly HostNetwork[];
  readonly publications: readonly Publication[];
}

export function rulesOf({ networks, publications }: NetworkState): Rules {
  const entries = publications.flatMap(({ address, ports }) =>
    ports.map(({ protocol, hostIp, published, target }) => ({ protocol, hostIp, port: published, address, target })),
  );
  return { plan: planNft(networks, entries), bridges: networks.map(({ bridge }) => bridge).sort() };
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
