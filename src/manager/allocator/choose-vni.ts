import type { NetworkObject } from '../../model/objects.ts';

/** The first number that networks get (semantics.md, section 5: lower ones are left to people), and the last one of 24 bits. */
const firstVni = 4096;
const lastVni = 2 ** 24 - 1;

/**
 * The number after the highest that is in use, so that the number of a network that is just being removed is not another's at once; the lowest free
 * one when those are used up. Undefined when there is none.
 */
export function chooseVni(networks: readonly Pick<NetworkObject, 'vni'>[]): number | undefined {
  const taken = new Set(networks.flatMap(({ vni }) => vni ?? []));
  const next = Math.max(firstVni - 1, ...taken) + 1;
  if (next <= lastVni) return next;
  for (let candidate = firstVni; candidate <= lastVni; candidate++) if (!taken.has(candidate)) return candidate;
  return undefined;
}
