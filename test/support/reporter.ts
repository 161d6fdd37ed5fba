/** Mocha's spec report, plus what came of the tests as JSON in the file named by TSSTACK_TEST_TOTALS: test/run.ts adds it up. */
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';
import type { Totals } from './runner/run-job.ts';

/** Enough to see what happened where only the end of the output is kept: what is said first, and how whatever else was run ended. */
const firstLines = 12;
const lastLines = 40;

function describeFailure(test: Mocha.Test, error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const lines = text.split('\n');
  const left = lines.length - firstLines - lastLines;
  const shown = left > 0 ? [...lines.slice(0, firstLines), `(${left} lines)`, ...lines.slice(-lastLines)] : lines;
  return [test.fullTitle(), ...shown].join('\n    ');
}

export default class TotalsReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const failures: string[] = [];
    const pending: string[] = [];
    runner.on('fail', (test, error: unknown) => failures.push(describeFailure(test, error)));
    runner.on('pending', (test) => pending.push(test.fullTitle()));
    runner.once('end', () => {
      const path = process.env['TSSTACK_TEST_TOTALS'];
      const totals: Totals = { passes: this.stats.passes, failures, pending };
      if (path !== undefined) writeFileSync(path, JSON.stringify(totals));
    });
  }
}
