import { isIPv6 } from 'node:net';
import { readBridgeOptions } from './bridge-options.ts';
import type { NetworkSpec } from './spec.ts';

/** A container's place in a network, as far as its way out depends on it. */
export interface WayOutCandidate {
  readonly network: { readonly spec: NetworkSpec };
  /** With or without prefix length. */
  readonly addresses: readonly string[];
  readonly gatewayPriority: number;
}

/**
 * The place that leads out, or undefined: of the networks that are not internal and have the family, the one with the highest priority,
 * among equals the first.
 */
export function wayOut<Candidate extends WayOutCandidate>(
  candidates: readonly Candidate[],
  family: 4 | 6,
): Candidate | undefined {
  const fitting = candidates.filter(
    ({ network: { spec }, addresses }) =>
      !spec.internal &&
      readBridgeOptions(spec.driverOptions).gatewayMode[family] !== 'isolated' &&
      addresses.some((address) => addressFamily(address) === family),
  );
  return fitting.toSorted((a, b) => b.gatewayPriority - a.gatewayPriority)[0];
}

/** Family of an address, with or without prefix length. */
export function addressFamily(address: string): 4 | 6 {
  return isIPv6(address.split('/', 1)[0] ?? '') ? 6 : 4;
}
