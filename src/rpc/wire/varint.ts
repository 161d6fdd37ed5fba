/**
 * Variable-length integers of protobuf. Values are JavaScript numbers: exact up to 2^53, which ids, times and sizes of ours stay below; for the ids
 * of others there are bigints.
 */

const twoTo64 = 1n << 64n;

/** Bytes that the value takes; a negative one always takes ten. */
export function varintSize(value: number): number {
  if (value < 0) return 10;
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes the value at the offset and returns the offset behind it. */
export function writeVarint(target: Buffer, offset: number, value: number): number {
  if (value < 0) return writeNegative(target, offset, value);
  let position = offset;
  let rest = value;
  // Division and not shifts: those would cut the value to 32 bits.
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[position++] = (rest % 128) | 128;
  target[position++] = rest;
  return position;
}

/** Two's complement of 64 bits, as protobuf has it for int32 as well. */
function writeNegative(target: Buffer, offset: number, value: number): number {
  let position = offset;
  let rest = BigInt(value) + twoTo64;
  for (; rest >= 128n; rest >>= 7n) target[position++] = Number(rest & 127n) | 128;
  target[position++] = Number(rest);
  return position;
}

/** A place in a received message. */
export interface Cursor {
  readonly bytes: Buffer;
  position: number;
}

/** Reads an unsigned value and moves the cursor behind it; throws RangeError on a cut or overlong one. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  let factor = 1;
  for (let index = 0; index < 10; index++) {
    const byte = cursor.bytes[cursor.position++];
    if (byte === undefined) throw new RangeError('a varint is cut off');
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
  throw new RangeError('a varint is longer than ten bytes');
}

/** Reads an int32 or int64, which may be negative. */
export function readSignedVarint(cursor: Cursor): number {
  const start = cursor.position;
  const value = readVarint(cursor);
  if (cursor.position - start < 10) return value;
  let exact = 0n;
  for (let index = 0; index < 10; index++)
    exact |= BigInt((cursor.bytes[start + index] ?? 0) & 127) << BigInt(7 * index);
  return Number(BigInt.asIntN(64, exact));
}

/** Bytes that an unsigned value of 64 bits takes. */
export function exactVarintSize(value: bigint): number {
  let size = 1;
  for (let rest = value; rest >= 128n; rest >>= 7n) size++;
  return size;
}

/** As writeVarint, for any unsigned value of 64 bits. */
export function writeExactVarint(target: Buffer, offset: number, value: bigint): number {
  let position = offset;
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) target[position++] = Number(rest & 127n) | 128;
  target[position++] = Number(rest);
  return position;
}

/** As readVarint, for any unsigned value of 64 bits. */
export function readExactVarint(cursor: Cursor): bigint {
  const start = cursor.position;
  readVarint(cursor);
  let exact = 0n;
  for (let at = start; at < cursor.position; at++)
    exact |= BigInt((cursor.bytes[at] ?? 0) & 127) << BigInt(7 * (at - start));
  return BigInt.asUintN(64, exact);
}
