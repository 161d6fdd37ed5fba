import type { NodeObject } from '../../model/objects.ts';

/** 24 bits: the other 8 of what is in each packet (the SPI of RFC 4303) tell the keys of a node apart. */
const lastNumber = 2 ** 24 - 1;

/** The number after the highest that a node has, so that the number of one that has just gone is not another's at once; the lowest free one when those are used up. */
export function nextTunnelNumber(nodes: readonly Pick<NodeObject, 'tunnelNumber'>[]): number {
  const taken = new Set(nodes.map(({ tunnelNumber }) => tunnelNumber));
  const next = Math.max(0, ...taken) + 1;
  if (next <= lastNumber) return next;
  let free = 1;
  while (taken.has(free)) free++;
  return free;
}
