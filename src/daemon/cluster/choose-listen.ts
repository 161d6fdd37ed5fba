import { isIPv6 } from 'node:net';
import { managerPort, parseHostPort, type HostPort } from '../../model/host-port.ts';
import { TsstackError } from '../../model/errors.ts';

/** Where a manager at that address listens: as it was told, or everywhere. */
export function chooseListen(text: string, address: string): HostPort {
  if (text === '') return { host: isIPv6(address) ? '::' : '0.0.0.0', port: managerPort };
  const parsed = parseHostPort(text);
  if (parsed !== undefined) return parsed;
  throw new TsstackError('invalid', `--listen "${text}" is no ADDRESS or ADDRESS:PORT`);
}
