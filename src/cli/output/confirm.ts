import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { CommandIo } from '../command-line/io.ts';

/** Asks a question on standard error; anything but yes, and an end of input, means no. */
export async function confirm(io: CommandIo, question: string): Promise<boolean> {
  io.stderr.write(`${question} [yN] `);
  const lines = createInterface({ input: io.stdin });
  const answer = Promise.race([once(lines, 'line'), once(lines, 'close').then(() => [''])]) as Promise<[string]>;
  const [line] = await answer;
  lines.close();
  return /^y(es)?$/i.test(line.trim());
}
