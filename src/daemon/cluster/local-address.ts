import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { isIPv6 } from 'node:net';
import { TsstackError } from '../../model/errors.ts';

/** Port that is never sent to: only the kernel's choice of a way matters. */
const discardPort = 9;

/** A public address (RFC 5737), for which the kernel takes the default route. */
const elsewhere = '192.0.2.1';

/** The address of this host from which another one is reached. Nothing is sent; undefined without a way to it. */
export function addressTowards(host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    const settle = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    // Not a callback: that is called for a failure, too, and the types keep silent about it.
    socket.once('error', () => settle(undefined));
    socket.once('connect', () => settle(socket.address().address));
    socket.connect(discardPort, host);
  });
}

/** Whether it is one of this host's own. */
export function isOwnAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((found) => found?.some((own) => own.address === address) ?? false);
}

/** The address that leads out of this host; throws when there is none, or several and no default route among them. */
export async function defaultAddress(): Promise<string> {
  const routed = await addressTowards(elsewhere);
  if (routed !== undefined) return routed;
  const found = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  const reason = only === undefined ? 'this host has none' : `this host has several: ${found.join(', ')}`;
  throw new TsstackError('invalid', `choose the address by which other hosts reach this one: ${reason}`, {
    hint: 'name one with --advertise ADDRESS',
  });
}
