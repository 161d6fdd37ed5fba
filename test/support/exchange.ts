import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Does WORK while two paths are exchanged all the time. */
export async function whileExchanging(paths: readonly [string, string], work: () => Promise<void>): Promise<void> {
  const script = join(import.meta.dirname, 'exchange.py');
  const child = spawn('python3', [script, ...paths], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const began = await Promise.race([once(child.stdout, 'data'), ended]);
  if (child.exitCode !== null) throw new Error(`cannot exchange ${paths.join(' and ')}: ${String(began)}`);
  try {
    await work();
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
