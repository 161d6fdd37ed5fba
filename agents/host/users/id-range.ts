/** User and group ids of the host that stand for 0 and following in a container with a user namespace. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Ids per container: all that classic 16-bit programs and images know. */
export const idsPerContainer = 65_536;

/** The host's id for an id of the container; the range is that of its user namespace, null = none. */
export function hostId(range: IdRange | null, id: number): number {
  return range === null ? id : range.first + id;
}
