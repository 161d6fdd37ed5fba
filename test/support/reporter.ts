/** Mocha's spec report, plus the totals as JSON in the file named by TSSTACK_TEST_TOTALS: test/run.ts adds them up. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once('end', () => {
      const path = process.env['TSSTACK_TEST_TOTALS'];
      const { passes, failures, pending } = this.stats;
      if (path !== undefined) writeFileSync(path, JSON.stringify({ passes, failures, pending }));
    });
  }
}
