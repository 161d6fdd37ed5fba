/** Shapes of the generated method tables (src/rpc/generated/contract.ts). */
import type { Messages } from '../generated/contract.ts';

export interface Method {
  /** `/tsstack.v1.Control/GetInfo`. */
  readonly path: string;
  readonly kind: 'unary' | 'serverStream' | 'duplex';
  readonly request: keyof Messages;
  readonly response: keyof Messages;
}

/** Methods of one service by their name in camelCase. */
export type MethodTable = Readonly<Record<string, Method>>;
