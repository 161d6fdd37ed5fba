/** Mocha's spec report, plus what came of the tests as JSON in the file named by TSSTACK_TEST_TOTALS: test/run.ts adds it up. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { Totals } from './runner/run-job.ts';

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failures: string[] = [];
    const pending: string[] = [];
    runner.on('fail', (test) => failures.push(test.fullTitle()));
    runner.on('pending', (test) => pending.push(test.fullTitle()));
    runner.once('end', () => {
      const path = process.env['TSSTACK_TEST_TOTALS'];
      const totals: Totals = { passes: this.stats.passes, failures, pending };
      if (path !== undefined) writeFileSync(path, JSON.stringify(totals));
    });
  }
}
