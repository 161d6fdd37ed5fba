import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { until } from './test-host.ts';

/** Whether the kernel divides realtime among cgroups (CONFIG_RT_GROUP_SCHED, and v1). */
export const dividesRealtime = existsSync('/sys/fs/cgroup/cpu/cpu.rt_runtime_us');

/** `linux.resources` for `spendRealtime`: a millisecond, and then no more for the rest of five minutes. Each CPU has its own, so that it is one. */
export const hardlyAnyRealtime = { cpu: { realtimeRuntime: 1000, realtimePeriod: 300_000_000, cpus: '0' } };

/** Puts the busy loop of `pid` into realtime, and waits until it has used up its share and does not run any more. */
export async function spendRealtime(pid: number): Promise<void> {
  execFileSync('chrt', ['--fifo', '--pid', '1', String(pid)]);
  let before = '';
  await until(
    () => readFile(`/proc/${pid}/schedstat`, 'utf8'),
    (text) => {
      const [ran = ''] = text.split(' ');
      const isIdle = ran === before;
      before = ran;
      return isIdle;
    },
  );
}
