import type { EndpointsObject } from '../../../model/endpoints.ts';
import { endpointsChange, type EndpointsChange } from '../../../model/endpoints-change.ts';

/** By what they lead to, and then by the version that they begin with. */
const known = new WeakMap<EndpointsObject, Map<number, EndpointsChange | null>>();

/** The difference, or null where the whole is as short. Most nodes have heard of the same state before: for them it is made once. */
export function changeBetween(before: EndpointsObject, after: EndpointsObject): EndpointsChange | null {
  const byVersion = known.get(after) ?? new Map<number, EndpointsChange | null>();
  known.set(after, byVersion);
  let change = byVersion.get(before.version);
  if (change === undefined) byVersion.set(before.version, (change = endpointsChange(before, after)));
  return change;
}
