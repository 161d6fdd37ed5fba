import { spawnSync } from 'node:child_process';

const insideVariable = 'TSSTACK_BENCH_INSIDE';

/** True in the program that `runInside` has started. */
export function isInside(): boolean {
  return process.env[insideVariable] !== undefined;
}

/** The same program again with network and mount namespaces of its own, so that rules and mounts vanish with it. */
export function runInside(): never {
  const script = 'ip link set lo up && exec "$@"';
  const isolation = ['--net', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'];
  const { status } = spawnSync('unshare', [...isolation, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [insideVariable]: '1' },
  });
  process.exit(status ?? 1);
}
