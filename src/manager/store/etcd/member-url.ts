import { formatHostPort, memberAddressOf } from '../../../model/host-port.ts';
import { StoreError } from '../errors.ts';

/** The URL by which the other members of a managed etcd reach the one of that manager, as etcd has it. */
export function memberUrl(managerAddress: string): string {
  const address = memberAddressOf(managerAddress);
  if (address !== undefined) return `https://${formatHostPort(address)}`;
  throw new StoreError(`"${managerAddress}" is no address of a manager`);
}
