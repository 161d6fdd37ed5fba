/** What the network between hosts costs containers: throughput and connections, beside those of the same containers without a tunnel. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recorder } from '../lib/measure.ts';

const run = promisify(execFile);
const program = join(import.meta.dirname, 'network-program.ts');
const bytesPerMegabyte = 1e6;

/** What the program prints: bytes a second, the part of `overlay` that a virtual address leaves, and what it adds to a connection. */
export interface NetworkFigures {
  readonly plain: number;
  readonly overlay: number;
  readonly virtualPart: number;
  readonly virtualMoreUs: number;
}

/** Two hosts in network namespaces of their own, with a container each. */
export async function measureNetwork(recorder: Recorder): Promise<void> {
  const isolated = ['--net', '--mount', '--propagation', 'private', process.execPath, program];
  const { stdout } = await run('unshare', isolated, { timeout: 120_000 });
  const { plain, overlay, virtualPart, virtualMoreUs } = JSON.parse(stdout) as NetworkFigures;
  const throughput = 'from a container to one of another host, one connection';
  recorder.add(throughput, 'MB/s', null, 'tsstack', overlay / bytesPerMegabyte, 0.8);
  recorder.add(throughput, 'MB/s', null, 'without tunnel', plain / bytesPerMegabyte);
  recorder.add('the same by a virtual address, beside that', '%', 90, 'tsstack', virtualPart * 100);
  recorder.add('a connection more by a virtual address', 'µs', 15, 'tsstack', virtualMoreUs);
}
