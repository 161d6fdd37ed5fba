/**
 * The keys of encrypted networks. Each host sends with the key of the present generation and accepts those before and after it, so that it does not
 * matter which host hears of a rotation first. What packets are encrypted with is made from it and the keys of the two hosts
 * (agents/host/networks/encryption/pair-keys.ts): nobody else can read them, not even another host of the network.
 */
import { randomBytes } from 'node:crypto';
import type { TunnelKey } from '../../model/endpoints.ts';
import type { ClusterObject } from '../../model/objects.ts';
import { TsstackError } from '../../model/errors.ts';
import type { ClusterSecrets } from '../authority/cluster-object.ts';

const keyBytes = 32;

/** As long as every connected node needs, and more, to hear of new keys: two rotations within it would leave a slow one without the key of the others. */
const paceMs = 5000;

/** The cluster, and its secrets, with the next generation of keys. */
export function rotateTunnelKeys(
  cluster: ClusterObject,
  secrets: ClusterSecrets,
  now: string,
): [ClusterObject, ClusterSecrets] {
  const generation = cluster.tunnelKeys.generation + 1;
  const tunnelKeys = nextTunnelKeys(secrets.tunnelKeys, generation);
  return [
    { ...cluster, tunnelKeys: { generation, rotatedAt: now } },
    { ...secrets, tunnelKeys },
  ];
}

/** The keys around a generation: those of `known` that are among them, and new ones. */
export function nextTunnelKeys(known: readonly TunnelKey[], generation: number): readonly TunnelKey[] {
  return [generation - 1, generation, generation + 1].map(
    (wanted) => known.find((key) => key.generation === wanted) ?? newKey(wanted),
  );
}

/** Throws when the last rotation is too recent to be followed by another one by hand. */
export function checkPace({ tunnelKeys: { generation, rotatedAt } }: ClusterObject, now: Date): void {
  const sinceMs = now.getTime() - Date.parse(rotatedAt);
  // The very first keys are nobody's yet; a clock that was set back is no reason to wait.
  if (generation <= 1 || sinceMs < 0 || sinceMs >= paceMs) return;
  throw new TsstackError('conflict', 'rotate the keys: not every node may have heard of those before', {
    hint: `try again in ${Math.ceil((paceMs - sinceMs) / 1000)} s`,
    retryable: true,
  });
}

function newKey(generation: number): TunnelKey {
  return { generation, key: randomBytes(keyBytes).toString('base64') };
}
