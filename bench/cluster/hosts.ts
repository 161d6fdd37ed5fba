/** What people wait for on three hosts: starts, ends, and what comes after the loss of a host, a manager or a daemon. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recorder } from '../lib/measure.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'hosts-program.ts');

/** What the program prints. */
interface HostFigures {
  readonly upMs: readonly number[];
  readonly downMs: readonly number[];
  readonly restartMs: number;
  readonly lostSegments: number;
  readonly replacedMs: number;
  readonly nextWriteMs: number;
  /** With the container that it makes. */
  readonly nextUpMs: number;
  /** The same, where only the daemon of the manager that leads is lost. */
  readonly killedUpMs: number;
}

/** Three hosts in namespaces of their own, with the daemons and commands that users have. */
export async function measureHosts(recorder: Recorder): Promise<void> {
  const isolated = ['--net', '--mount', '--propagation', 'private', process.execPath, program];
  const { stdout } = await run('unshare', isolated, { timeout: 600_000 });
  const figures = JSON.parse(stdout) as HostFigures;
  const add = (name: string, target: number | null, value: number): void =>
    recorder.add(name, 'ms', target, 'tsstack', value);
  for (const ms of figures.upMs) add('`up` of 50 replicas on 3 nodes, image present', 1500, ms);
  for (const ms of figures.downMs) add('`down` of 50 replicas on 3 nodes', 1500, ms);
  add('a daemon is killed: statuses right after its start', 3000, figures.restartMs);
  const lost = 'packets lost meanwhile on connections by a virtual address and by a published port';
  recorder.add(lost, 'packets', 0, 'tsstack', figures.lostSegments);
  add('a node dies: its 5 containers run elsewhere', 10_000, figures.replacedMs);
  add('a manager of three dies: the next write is accepted', 5000, figures.nextWriteMs);
  add('the next `up` has made a container', 5000, figures.nextUpMs);
  add('the daemon of the manager that leads is killed: the next `up` has made a container', 3500, figures.killedUpMs);
}
