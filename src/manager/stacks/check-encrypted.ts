import { isEncrypted } from '../../model/network-options.ts';
import type { NetworkSpec } from '../../model/spec.ts';
import { InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';
import { canEncrypt } from '../tunnels/can-encrypt.ts';

/** Throws InvalidRequestError for a network that is to be encrypted where there are several hosts and none of them can do it: nothing goes in clear. */
export function checkEncrypted(view: StoreView, network: NetworkSpec): void {
  const nodes = view.all('node');
  if (network.external || !isEncrypted(network) || nodes.length < 2) return;
  if (nodes.some(({ description }) => canEncrypt(description))) return;
  throw new InvalidRequestError(`network ${network.name}: no host can encrypt what it sends to another one`, {
    hint: 'have IPsec in their kernels (modules esp4, esp6, gcm), or remove the option `encrypted` if the network between the hosts can be trusted',
  });
}
