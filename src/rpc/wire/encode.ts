/** Messages to bytes, driven by the generated field tables. */
import type { Field, MessageFields, MessageTables } from './field.ts';
import { mapEntryFields } from './map-entry-fields.ts';
import { tableOf } from './table-of.ts';
import { receivedBytes } from './received-bytes.ts';
import { exactVarintSize, varintSize, writeExactVarint, writeVarint } from './varint.ts';

type Plain = Readonly<Record<string, unknown>>;

/** Bytes of a message. Absent properties count as the field's default, which is not sent. */
export function encodeMessage(tables: MessageTables, name: string, message: object): Buffer {
  const relayed = receivedBytes(message);
  if (relayed !== undefined) return relayed;
  const fields = tableOf(tables, name);
  const bytes = Buffer.allocUnsafe(messageSize(tables, fields, message as Plain));
  writeMessage(tables, fields, message as Plain, bytes, 0);
  return bytes;
}

function messageSize(tables: MessageTables, fields: MessageFields, message: Plain): number {
  let size = 0;
  forEachPresent(fields, message, (field, value) => (size += tagSize(field) + valueSize(tables, field.type, value)));
  return size;
}

function writeMessage(
  tables: MessageTables,
  fields: MessageFields,
  message: Plain,
  target: Buffer,
  offset: number,
): number {
  let position = offset;
  forEachPresent(fields, message, (field, value) => {
    position = writeVarint(target, position, field.number * 8 + wireType(field.type));
    position = writeValue(tables, field.type, value, target, position);
  });
  return position;
}

/** A map entry is a message with a key (1) and a value (2); it is handed on as MapEntry, with the field's type as that of the value. */
class MapEntry {
  readonly key: string;
  readonly value: unknown;
  constructor(key: string, value: unknown) {
    this.key = key;
    this.value = value;
  }
}

/** Calls back with each value that has to be sent, each element of a list and each entry of a map on its own. */
function forEachPresent(fields: MessageFields, message: Plain, visit: (field: Field, value: unknown) => void): void {
  for (const field of fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.kind === 'repeated') for (const element of value as readonly unknown[]) visit(field, element);
    else if (field.kind === 'map') for (const entry of Object.entries(value)) visit(field, new MapEntry(...entry));
    else if (isSent(field, message, value)) visit(field, value);
  }
}

/** A default value is only sent where its presence means something. */
function isSent(field: Field, message: Plain, value: unknown): boolean {
  if (field.oneof !== null) return message[field.oneof] === field.name;
  if (field.kind === 'optional') return true;
  return value !== '' && value !== 0 && value !== false && !(value instanceof Uint8Array && value.length === 0);
}

function tagSize(field: Field): number {
  return varintSize(field.number * 8);
}

/** 0 = varint, 2 = length and bytes. */
function wireType(type: string): 0 | 2 {
  switch (type) {
    case 'bool':
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
    case 'uint64text':
      return 0;
    default:
      return 2;
  }
}

function valueSize(tables: MessageTables, type: string, value: unknown): number {
  if (type === 'uint64text') return exactVarintSize(BigInt(value as string));
  if (!(value instanceof MapEntry) && wireType(type) === 0) return varintSize(Number(value));
  const length = contentSize(tables, type, value);
  return varintSize(length) + length;
}

function contentSize(tables: MessageTables, type: string, value: unknown): number {
  if (value instanceof MapEntry)
    return messageSize(tables, mapEntryFields(type, 'optional'), value as unknown as Plain);
  if (type === 'string') return Buffer.byteLength(value as string);
  if (type === 'bytes') return (value as Uint8Array).length;
  return messageSize(tables, tableOf(tables, type), value as Plain);
}

function writeValue(tables: MessageTables, type: string, value: unknown, target: Buffer, offset: number): number {
  if (value instanceof MapEntry)
    return writeNested(tables, mapEntryFields(type, 'optional'), value as unknown as Plain, target, offset);
  if (type === 'uint64text') return writeExactVarint(target, offset, BigInt(value as string));
  if (wireType(type) === 0) return writeVarint(target, offset, Number(value));
  if (type === 'string') {
    const start = writeVarint(target, offset, Buffer.byteLength(value as string));
    return start + target.write(value as string, start, 'utf8');
  }
  if (type === 'bytes') {
    const bytes = value as Uint8Array;
    const start = writeVarint(target, offset, bytes.length);
    target.set(bytes, start);
    return start + bytes.length;
  }
  return writeNested(tables, tableOf(tables, type), value as Plain, target, offset);
}

function writeNested(
  tables: MessageTables,
  fields: MessageFields,
  message: Plain,
  target: Buffer,
  offset: number,
): number {
  const start = writeVarint(target, offset, messageSize(tables, fields, message));
  return writeMessage(tables, fields, message, target, start);
}
