import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { runFuzzTarget } from '../support/fuzz-target.ts';
import { makeNative, nativeNames } from '../support/native-build.ts';

/** All seeds and former findings, and changed ones: some seconds of the slowest target; `npm run fuzz` goes on for longer. */
const inputs = 1000;

/** Bound of one target; a busy machine needs a part of it. */
const seconds = 120;

describe('fuzz targets', () => {
  let scratch: string;
  before(function () {
    this.timeout(300_000);
    scratch = mkdtempSync(join(tmpdir(), 'tsstack-fuzz-'));
    makeNative('asan');
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  for (const name of nativeNames('fuzz targets')) {
    it(`${name} finds nothing with ${inputs} inputs`, async () => {
      const { finding, runs } = await runFuzzTarget(name, { inputs, seconds, directory: scratch, seed: 1 });
      assert.equal(finding, null);
      assert.ok(runs >= inputs, `only ${runs} inputs`);
    });
  }

  it('finds a mistake that was made on purpose, and keeps the input that shows it', async () => {
    const { finding } = await runFuzzTarget('control', { seconds: 30, directory: scratch });
    assert.match(finding?.report ?? '', /heap-buffer-overflow/);
    assert.match(finding?.input.toString('latin1') ?? '', /^bug/);
  });
});
