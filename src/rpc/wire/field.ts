/** Shapes of the generated field tables (src/rpc/generated/contract.ts). */

export interface Field {
  readonly number: number;
  /** Name in camelCase, as in the TypeScript type. */
  readonly name: string;
  /** string, bytes, bool, int32, uint32, int64, uint64, uint64text (a uint64 as decimal text), or the name of a message. */
  readonly type: string;
  readonly kind: 'single' | 'optional' | 'repeated' | 'map';
  /** The oneof that it belongs to: the property that tells which member is present. */
  readonly oneof: string | null;
}

export type MessageFields = readonly Field[];

/** The messages of one contract by their name in proto/. */
export type MessageTables = Readonly<Record<string, MessageFields>>;
