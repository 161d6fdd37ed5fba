import type { MessageFields } from './field.ts';

/** An entry of a map is a message of its own on the wire; `kind` says what of an absent key or value. */
export function mapEntryFields(valueType: string, kind: 'single' | 'optional'): MessageFields {
  return [
    { number: 1, name: 'key', type: 'string', kind, oneof: null },
    { number: 2, name: 'value', type: valueType, kind, oneof: null },
  ];
}
