import { readBridgeOptions } from '../../model/bridge-options.ts';
import type { NetworkSpec } from '../../model/spec.ts';

/** Name of the bridge of a network on every host: as its options say, else made from its id. */
export function bridgeNameOf(id: string, { driverOptions }: NetworkSpec): string {
  // Names of links have at most 15 bytes (IFNAMSIZ).
  return readBridgeOptions(driverOptions).bridgeName ?? `ts-${id.slice(0, 10)}`;
}
