/**
 * `npm run bench:cluster [CASE…]`: what the manager of a cluster can do. Prints medians and targets, and writes everything to bench/results/cluster.json.
 * TSSTACK_BENCH_REPEAT sets the rounds (default 3).
 */
import { measureScheduler } from './cluster/scheduler.ts';
import { measureHosts } from './cluster/hosts.ts';
import { measureNetwork } from './cluster/network.ts';
import { measureRollingUpdate } from './cluster/rolling-update.ts';
import { simulate } from './cluster/simulation.ts';
import { Recorder } from './lib/measure.ts';
import { reportResults } from './lib/results.ts';

type Case = (recorder: Recorder) => Promise<void> | void;

const cases: Readonly<Record<string, Case>> = {
  scheduler: (recorder) => {
    measureScheduler(100_000, 100, 20_000, recorder);
    measureScheduler(10_000, 10_000, null, recorder);
  },
  network: measureNetwork,
  hosts: measureHosts,
  'rolling-update': measureRollingUpdate,
  // A hundred tasks a node: what a task costs while the cluster grows.
  'simulation-small': (recorder) => simulate({ nodes: 10, tasks: 1000, ups: 9 }, false, recorder),
  'simulation-middle': (recorder) => simulate({ nodes: 100, tasks: 10_000, ups: 5 }, false, recorder),
  // The same nodes: with 1000 tasks there is a message to a node, and one back, for each of them.
  'simulation-1k': (recorder) => simulate({ nodes: 1000, tasks: 1000, ups: 9 }, false, recorder),
  'simulation-10k': (recorder) => simulate({ nodes: 1000, tasks: 10_000, ups: 5 }, false, recorder),
  'simulation-30k': (recorder) => simulate({ nodes: 1000, tasks: 30_000, ups: 1 }, true, recorder),
  'simulation-100k': (recorder) => simulate({ nodes: 1000, tasks: 100_000, ups: 1 }, true, recorder),
};

const names = process.argv.slice(2);
const wanted = Object.entries(cases).filter(([name]) => names.length === 0 || names.includes(name));
if (wanted.length === 0) throw new Error(`there is no such case; there are ${Object.keys(cases).join(', ')}`);
const recorder = new Recorder();
const failures: string[] = [];
for (let round = 0; round < Number(process.env['TSSTACK_BENCH_REPEAT'] ?? 3); round++) {
  for (const [name, run] of wanted) {
    process.stderr.write(`${name}\n`);
    try {
      await run(recorder);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
}
reportResults('cluster', [`node ${process.version}`], recorder.measurements(), ['without tunnel']);
for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
