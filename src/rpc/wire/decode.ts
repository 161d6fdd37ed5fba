/** Bytes to messages, driven by the generated field tables. Bytes fields are views of what was received, not copies. */
import type { Field, MessageFields, MessageTables } from './field.ts';
import { rememberReceivedBytes } from './received-bytes.ts';
import { mapEntryFields } from './map-entry-fields.ts';
import { tableOf } from './table-of.ts';
import { readExactVarint, readSignedVarint, readVarint, type Cursor } from './varint.ts';

type Building = Record<string, unknown>;

/** The message in those bytes, absent fields set to their defaults; throws RangeError when the bytes are no such message. */
export function decodeMessage(tables: MessageTables, name: string, bytes: Buffer): object {
  const message = readMessage(tables, tableOf(tables, name), { bytes, position: 0 }, bytes.length);
  if (name === 'Frame') rememberReceivedBytes(message, bytes);
  return message;
}

function readMessage(tables: MessageTables, fields: MessageFields, cursor: Cursor, end: number): Building {
  const message = defaultsOf(fields);
  while (cursor.position < end) {
    const tag = readVarint(cursor);
    const field = fields.find((candidate) => candidate.number === Math.floor(tag / 8));
    // A newer peer may send fields that this version does not know.
    if (field === undefined) skipValue(cursor, tag % 8);
    else store(message, field, readValue(tables, field, cursor));
  }
  if (cursor.position !== end) throw new RangeError('a message is cut off');
  return message;
}

function defaultsOf(fields: MessageFields): Building {
  const message: Building = {};
  for (const field of fields) if (field.oneof === null) message[field.name] = defaultOf(field);
  return message;
}

function defaultOf(field: Field): unknown {
  if (field.kind === 'repeated') return [];
  if (field.kind === 'map') return {};
  if (field.kind === 'optional') return null;
  switch (field.type) {
    case 'string':
    case 'uint64text':
      return '';
    case 'bytes':
      return Buffer.alloc(0);
    case 'bool':
      return false;
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return 0;
    default:
      return null;
  }
}

function store(message: Building, field: Field, value: unknown): void {
  if (field.kind === 'repeated') (message[field.name] as unknown[]).push(value);
  else if (field.kind === 'map') {
    const entry = value as { readonly key: string; readonly value: unknown };
    // defineProperty and not assignment: a key may be `__proto__`.
    Object.defineProperty(message[field.name], entry.key, {
      value: entry.value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    message[field.name] = value;
    if (field.oneof !== null) message[field.oneof] = field.name;
  }
}

function readValue(tables: MessageTables, field: Field, cursor: Cursor): unknown {
  if (field.kind === 'map') return readMessage(tables, mapEntryFields(field.type, 'single'), cursor, readEnd(cursor));
  switch (field.type) {
    case 'bool':
      return readVarint(cursor) !== 0;
    case 'uint32':
    case 'uint64':
      return readVarint(cursor);
    case 'int32':
    case 'int64':
      return readSignedVarint(cursor);
    case 'uint64text':
      return String(readExactVarint(cursor));
    case 'string':
      return readBytes(cursor).toString('utf8');
    case 'bytes':
      return readBytes(cursor);
    default:
      return readMessage(tables, tableOf(tables, field.type), cursor, readEnd(cursor));
  }
}

function readEnd(cursor: Cursor): number {
  const length = readVarint(cursor);
  const end = cursor.position + length;
  if (end > cursor.bytes.length) throw new RangeError('a field is cut off');
  return end;
}

function readBytes(cursor: Cursor): Buffer {
  const end = readEnd(cursor);
  const bytes = cursor.bytes.subarray(cursor.position, end);
  cursor.position = end;
  return bytes;
}

function skipValue(cursor: Cursor, wireType: number): void {
  if (wireType === 0) readVarint(cursor);
  else if (wireType === 1) cursor.position += 8;
  else if (wireType === 2) cursor.position = readEnd(cursor);
  else if (wireType === 5) cursor.position += 4;
  else throw new RangeError(`wire type ${wireType} is unknown`);
}
