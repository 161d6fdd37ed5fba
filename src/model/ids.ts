import { randomFillSync } from 'node:crypto';

const idBytes = 32;

/** Randomness is asked for once for many: a stack of 100,000 tasks would else spend most of its making there. */
const pool = Buffer.alloc(idBytes * 128);
let used = pool.length;

/** A new identifier for any object: 64 lower-case hex digits, of which the first 12 are shown to people (as container ids are in this field). */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool.toString('hex', used, (used += idBytes));
}

/** The part of an id that is shown to people: its first 12 digits. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
