/** Reads one message of the contract into what the generated tables hold, and refuses what the wire codec does not speak. */
import type { FieldJson, MessageJson } from './proto-json.ts';

export interface FieldDescription {
  readonly number: number;
  readonly name: string;
  /** A scalar type of proto3, or the name of a message. */
  readonly type: string;
  readonly kind: 'single' | 'optional' | 'repeated' | 'map';
  /** Name of the oneof that it belongs to. */
  readonly oneof: string | null;
}

/** TypeScript types of the scalars that the wire codec speaks. */
export const scalarTypes: Readonly<Record<string, string>> = {
  string: 'string',
  bytes: 'Buffer',
  bool: 'boolean',
  int32: 'number',
  uint32: 'number',
  int64: 'number',
  uint64: 'number',
  // uint64 with jstype = JS_STRING: ids of others, which need all 64 bits.
  uint64text: 'string',
};

/** Fields of one message, in the order of their numbers. */
export function describeFields(messageName: string, message: MessageJson): readonly FieldDescription[] {
  return Object.entries(message.fields)
    .map(([name, field]) => describeField(`${messageName}.${name}`, name, field, oneofOf(message, name)))
    .sort((a, b) => a.number - b.number);
}

function describeField(path: string, name: string, field: FieldJson, oneof: string | null): FieldDescription {
  const isMessage = /^[A-Z]/.test(field.type);
  if (!isMessage && !(field.type in scalarTypes)) throw new Error(`field ${path}: type ${field.type} is not supported`);
  if (field.keyType !== undefined && field.keyType !== 'string') throw new Error(`field ${path}: map keys are strings`);
  const isPackable = !isMessage && field.type !== 'string' && field.type !== 'bytes';
  if (field.rule === 'repeated' && isPackable) throw new Error(`field ${path}: packed numbers are not supported`);
  return { number: field.id, name, type: typeOf(field), kind: kindOf(field), oneof };
}

function typeOf({ type, options }: FieldJson): string {
  return type === 'uint64' && options?.jstype === 'JS_STRING' ? 'uint64text' : type;
}

function kindOf(field: FieldJson): FieldDescription['kind'] {
  if (field.keyType !== undefined) return 'map';
  if (field.rule === 'repeated') return 'repeated';
  return field.options?.proto3_optional === true ? 'optional' : 'single';
}

/** proto3 `optional` fields sit in a made-up oneof whose name begins with an underscore. */
function oneofOf(message: MessageJson, field: string): string | null {
  const entry = Object.entries(message.oneofs ?? {}).find(([, { oneof }]) => oneof.includes(field));
  return entry === undefined || entry[0].startsWith('_') ? null : entry[0];
}
