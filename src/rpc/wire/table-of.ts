import type { MessageFields, MessageTables } from './field.ts';

/** Fields of the message. Names come from generated tables, so that one that is missing is a fault of the generator. */
export function tableOf(tables: MessageTables, name: string): MessageFields {
  const fields = tables[name];
  if (fields === undefined) throw new TypeError(`the contract has no message ${name}`);
  return fields;
}
