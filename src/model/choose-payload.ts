import type { PayloadObject } from './objects.ts';

/** Of secrets or configs with one name, the one that a reference means: nobody's own first, then the oldest. Managers and agents choose alike. */
export function choosePayload(candidates: readonly PayloadObject[]): PayloadObject | undefined {
  const order = (payload: PayloadObject): string =>
    `${payload.stack === null ? 0 : 1} ${payload.createdAt} ${payload.id}`;
  return candidates
    .filter(({ spec }) => !spec.external)
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    .at(0);
}
