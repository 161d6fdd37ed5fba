/** How many requests fail while a service is updated under load on three hosts. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recorder } from '../lib/measure.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'rolling-update-program.ts');

/** Of one update: failed requests of clients of each kind. */
export interface UpdateFigures {
  readonly replicas: number;
  readonly byAddress: number;
  readonly byPort: number;
}

/** Three hosts in namespaces of their own; a service of three containers on three of them, then one of one container on one. */
export async function measureRollingUpdate(recorder: Recorder): Promise<void> {
  const isolated = ['--net', '--mount', '--propagation', 'private', process.execPath, program];
  const { stdout } = await run('unshare', isolated, { timeout: 300_000 });
  for (const { replicas, byAddress, byPort } of JSON.parse(stdout) as readonly UpdateFigures[]) {
    const update = `update of ${replicas === 1 ? '1 container' : `${replicas} containers`}, start-first, 200 requests/s`;
    recorder.add(`${update} by the virtual address: failed`, 'requests', 0, 'tsstack', byAddress);
    recorder.add(`${update} by the published port: failed`, 'requests', 0, 'tsstack', byPort);
  }
}
