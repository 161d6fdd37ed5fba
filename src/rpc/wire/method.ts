/** Shapes of the generated method tables (src/rpc/generated/). */
import type { MessageTables } from './field.ts';

export interface Method {
  /** `/tsstack.v1.Control/GetInfo`. */
  readonly path: string;
  readonly kind: 'unary' | 'serverStream' | 'duplex';
  readonly request: string;
  readonly response: string;
  /** Where request and response, and what they consist of, are described. */
  readonly tables: MessageTables;
}

/** Methods of one service by their name in camelCase. */
export type MethodTable = Readonly<Record<string, Method>>;
