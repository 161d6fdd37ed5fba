import { canEncrypt } from '../../tunnels/can-encrypt.ts';
import type { Filter } from './filter.ts';

/** Networks with `encrypted`: the node's kernel has to be able to; nothing goes in clear instead. */
export const encryption: Filter = {
  name: 'encryption',
  looksAt: 'task',
  isAsked: ({ pins }) => pins.needsEncryption,
  check: ({ pins, node }) => !pins.needsEncryption || canEncrypt(node.description),
  explain: () => 'without IPsec (ESP with AES-GCM) in the kernel for an encrypted network',
};
