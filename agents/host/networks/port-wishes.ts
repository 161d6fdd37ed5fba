import { isIPv6 } from 'node:net';
import type { PortSpec } from '../../../src/model/spec.ts';
import { NativeError } from '../native/native-error.ts';
import type { NetPortWish } from '../native/net-protocol.ts';
import { PortInUseError, UnpublishablePortError } from './errors.ts';
import type { Publication } from './network-state.ts';

const everyAddress = '0.0.0.0';

/** What tsstack-net is to reserve for the ports of a container. */
export function portWishes(owner: string, ports: readonly PortSpec[]): readonly NetPortWish[] {
  return ports.map(({ protocol, hostIp, published }) => {
    if (hostIp !== null && isIPv6(hostIp)) {
      throw new UnpublishablePortError(
        owner,
        `the host address ${hostIp} is IPv6, containers have IPv4 addresses`,
        'Leave the address out or give one of IPv4.',
      );
    }
    return { protocol, hostIp: hostIp ?? everyAddress, port: published?.from ?? 0, last: published?.to ?? 0 };
  });
}

/** Names the container, where one of ours holds the port. */
export function explainReservation(error: unknown, publications: Iterable<Publication>): unknown {
  if (!(error instanceof NativeError) || error.nativeCode !== 'exists') return error;
  for (const { id, owner } of publications) {
    if (error.path === `container ${id}`) {
      return new PortInUseError(error.message.replace(error.path, `container ${owner}`), error);
    }
  }
  return new PortInUseError(error.message, error);
}
