import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';

/** The first line of an input: for secrets, as arguments are there for everybody on the host to see. */
export async function readLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  return '';
}
