import { readdirSync } from 'node:fs';
import { hasErrno } from './errors.ts';

/** What a look at something that need not be there found; `otherwise` when it is missing. */
export async function ifThere<Found, Otherwise>(
  look: Promise<Found>,
  otherwise: Otherwise,
): Promise<Found | Otherwise> {
  try {
    return await look;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return otherwise;
    throw error;
  }
}

/** The same at once. */
export function ifThereSync<Found, Otherwise>(look: () => Found, otherwise: Otherwise): Found | Otherwise {
  try {
    return look();
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return otherwise;
    throw error;
  }
}

/** Names in a directory; none when it does not exist. */
export function listDirectory(directory: string): readonly string[] {
  return ifThereSync(() => readdirSync(directory), []);
}
