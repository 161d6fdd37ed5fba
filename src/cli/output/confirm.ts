import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { CommandIo } from '../command-line/io.ts';

/** Whether there is somebody to ask. */
export function canAsk({ stdin }: Pick<CommandIo, 'stdin'>): boolean {
  return stdin.isTTY === true;
}

/** Asks a question on standard error; anything but yes, and an end of input, means no. Rejects when the signal ends it. */
export async function confirm(io: CommandIo, question: string, signal?: AbortSignal): Promise<boolean> {
  io.stderr.write(`${question} [yN] `);
  const lines = createInterface({ input: io.stdin });
  const over = new AbortController();
  const options = { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) };
  const answers = [once(lines, 'line', options), once(lines, 'close', options).then(() => [''])];
  // The one that loses is given up with nobody left to hear of it.
  for (const answer of answers) answer.catch(() => undefined);
  const [line] = (await Promise.race(answers).finally(() => {
    over.abort();
    lines.close();
  })) as [string];
  return /^y(es)?$/i.test(line.trim());
}
