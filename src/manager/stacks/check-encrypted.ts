import { isEncrypted } from '../../model/network-options.ts';
import type { NetworkSpec } from '../../model/spec.ts';
import { InvalidRequestError } from '../errors.ts';
import type { StoreView } from '../store/object-index.ts';

/** Throws InvalidRequestError for a network that is to be encrypted where its containers could come to be on several hosts: nothing goes in clear. */
export function checkEncrypted(view: StoreView, network: NetworkSpec): void {
  if (network.external || !isEncrypted(network) || view.all('node').length < 2) return;
  throw new InvalidRequestError(`network ${network.name}: traffic between hosts cannot be encrypted yet`, {
    hint: 'remove the option `encrypted` if the network between the hosts can be trusted, or run the stack on one host',
  });
}
