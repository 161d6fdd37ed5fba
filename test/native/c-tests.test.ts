import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'mocha';
import { fuzzCorpus, makeNative, nativeNames } from '../support/native-build.ts';

/** Building everything with sanitizers takes half a minute on two cores. */
const buildTimeoutMs = 300_000;
/** What valgrind ends with when it has something to report; no program of ours does. */
const reportCode = 99;
const valgrind = [
  '-q',
  `--error-exitcode=${reportCode}`,
  '--leak-check=full',
  '--errors-for-leak-kinds=definite,indirect',
] as const;
/** Valgrind 3.19 does not know openat2, which the unpacking of layers depends on; these run with sanitizers. */
const beyondValgrind = new Set(['layer-archive']);

/** A program of the build whose files are in `directory`; the directory is known only when it has been made. */
function run(program: string, args: readonly string[] = []): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });
  return { status, output: `${stdout}${stderr}` };
}

describe('C tests', function () {
  this.timeout(buildTimeoutMs);

  for (const [goal, description] of [
    ['tests', 'as released'],
    ['asan', 'with AddressSanitizer and UndefinedBehaviorSanitizer'],
  ] as const) {
    describe(description, () => {
      let directory: string;
      before(() => {
        directory = makeNative(goal);
      });
      for (const name of nativeNames('tests')) {
        it(`${name} passes`, () => {
          const { status, output } = run(join(directory, 'tests', name));
          assert.equal(status, 0, output);
        });
      }
    });
  }

  describe('watched by valgrind', () => {
    let directory: string;
    before(() => {
      directory = makeNative('memcheck');
    });
    // It hides some system calls from the programs, so that the verdict of the tests themselves is that of the other builds.
    for (const name of nativeNames('tests')) {
      it(`${name} uses memory well`, () => {
        const { status, output } = run('valgrind', [...valgrind, join(directory, 'tests', name)]);
        assert.ok(status !== null && status !== reportCode, output);
      });
    }
    for (const name of nativeNames('fuzz targets').filter((target) => !beyondValgrind.has(target))) {
      it(`${name} uses memory well over all seeds and former findings`, () => {
        const inputs = globSync(join(fuzzCorpus(name), '*'));
        const { status, output } = run('valgrind', [...valgrind, join(directory, 'fuzz', name), ...inputs]);
        assert.equal(status, 0, output);
        assert.match(output, new RegExp(`^${inputs.length} inputs$`, 'm'));
      });
    }
    it('would say so otherwise', () => {
      const input = join(directory, 'control-input');
      writeFileSync(input, 'bug');
      const { status, output } = run('valgrind', [...valgrind, join(directory, 'fuzz/control'), input]);
      assert.equal(status, reportCode, output);
      assert.match(output, /Invalid write of size 1/);
    });
  });
});
