import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { until, type TestHost } from './test-host.ts';

/**
 * Resolves when the first process of a container of a stack has a handler for a signal: the container runs before its program has come that far,
 * and the kernel keeps from a PID 1 what it has no handler for.
 */
export async function untilCatching(
  host: TestHost,
  file: string,
  container: string,
  signal: NodeJS.Signals,
): Promise<void> {
  const bit = 1n << BigInt(constants.signals[signal] - 1);
  await until(
    async () => signalsCaught((await host.pids(file))[container]),
    (caught) => (caught & bit) !== 0n,
  );
}

/** SigCgt of proc(5). */
function signalsCaught(pid: number | undefined): bigint {
  if (pid === undefined) return 0n;
  const [, mask = '0'] = /^SigCgt:\s([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return BigInt(`0x${mask}`);
}
