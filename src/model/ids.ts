import { randomBytes } from 'node:crypto';

/** A new identifier for any object: 64 lower-case hex digits, of which the first 12 are shown to people (as container ids are in this field). */
export function newId(): string {
  return randomBytes(32).toString('hex');
}

/** The part of an id that is shown to people: its first 12 digits. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
