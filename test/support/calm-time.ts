import { existsSync, readFileSync } from 'node:fs';

const pressurePath = '/proc/pressure/cpu';

/**
 * Milliseconds on a clock that stands still while a process of the machine waits for a processor. Promises of the product in seconds are measured
 * with it: how long it waits is its own doing, how long others keep it from running is not. Where the kernel does not count that, the clock goes on.
 */
export function calmMs(): number {
  return performance.now() - stalledMs();
}

function stalledMs(): number {
  if (!existsSync(pressurePath)) return 0;
  const [, microseconds = ''] = /^some .*total=(\d+)$/m.exec(readFileSync(pressurePath, 'utf8')) ?? [];
  return Number(microseconds) / 1000;
}
