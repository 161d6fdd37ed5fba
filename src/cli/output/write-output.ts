import { once } from 'node:events';
import type { OutputStream } from '../command-line/io.ts';

/** Writes and waits while the reader at the other end is slow. */
export async function writeOutput(stream: OutputStream, data: string | Buffer): Promise<void> {
  if (data.length === 0) return;
  if (!stream.write(data)) await once(stream, 'drain');
}
