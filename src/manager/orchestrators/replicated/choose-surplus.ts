import { standsFor, type Slot } from '../../tasks/slots.ts';

/**
 * The slots that go when there are fewer to be: diverged ones first, then those without a node, then from the nodes with most containers of the
 * service, so that they stay spread; among equals the highest numbers, which on one host are the last that came.
 */
export function chooseSurplus(
  slots: readonly Slot[],
  replicas: number,
  isDiverged: (slot: Slot) => boolean,
): ReadonlySet<Slot> {
  const copies = numberCopies(slots);
  const rank = (slot: Slot): readonly [number, number, number] => [
    Number(isDiverged(slot)),
    copies.get(slot) ?? 0,
    slot.number,
  ];
  const ranked = slots.map((slot) => ({ slot, rank: rank(slot) })).sort((a, b) => compare(b.rank, a.rank));
  return new Set(ranked.slice(0, Math.max(0, slots.length - replicas)).map(({ slot }) => slot));
}

/** Each is the n-th container of the service on its node. */
function numberCopies(slots: readonly Slot[]): ReadonlyMap<Slot, number> {
  const counts = new Map<string, number>();
  return new Map(
    slots.map((slot) => {
      const { nodeId } = standsFor(slot);
      if (nodeId === null) return [slot, Infinity];
      const count = (counts.get(nodeId) ?? 0) + 1;
      counts.set(nodeId, count);
      return [slot, count];
    }),
  );
}

function compare(a: readonly number[], b: readonly number[]): number {
  const index = a.findIndex((value, place) => value !== b[place]);
  return index < 0 ? 0 : (a[index] ?? 0) < (b[index] ?? 0) ? -1 : 1;
}
