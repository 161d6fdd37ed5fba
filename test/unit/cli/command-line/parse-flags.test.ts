import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { FlagTable } from '../../../../src/cli/command-line/flag.ts';
import { globalFlags } from '../../../../src/cli/command-line/global-flags.ts';
import { parseFlags, valuesOf } from '../../../../src/cli/command-line/parse-flags.ts';
import { UsageError } from '../../../../src/cli/errors.ts';

const table = {
  detach: { type: 'boolean', short: 'd', help: '' },
  follow: { type: 'boolean', short: 'f', help: '' },
  orphans: { type: 'boolean', default: true, help: '' },
  scale: { type: 'strings', help: '' },
  timeout: { type: 'integer', short: 't', value: 'SECONDS', help: '' },
  pull: { type: 'string', choices: ['always', 'never'], help: '' },
  build: { type: 'boolean', help: '', unsupported: 'building comes later' },
} as const satisfies FlagTable;

const options = { command: 'tsstack up', stopAtArgument: false };

describe('parseFlags', () => {
  const cases: readonly [string, readonly string[], Readonly<Record<string, unknown>>, readonly string[]][] = [
    ['long with a value after it', ['--timeout', '5'], { timeout: 5 }, []],
    ['long with an equals sign', ['--timeout=5'], { timeout: 5 }, []],
    ['a negative value', ['-t', '-1'], { timeout: -1 }, []],
    ['short with the value attached', ['-t5'], { timeout: 5 }, []],
    ['short with an equals sign', ['-t=5'], { timeout: 5 }, []],
    ['grouped shorts, the last with a value', ['-dft5'], { detach: true, follow: true, timeout: 5 }, []],
    ['a boolean switched off', ['--detach=false'], { detach: false }, []],
    ['the last of several', ['-t1', '-t2'], { timeout: 2 }, []],
    ['a list', ['--scale', 'a=1', '--scale=b=2'], { scale: ['a=1', 'b=2'] }, []],
    ['flags after arguments', ['web', '-d', 'db'], { detach: true }, ['web', 'db']],
    ['everything after --', ['-d', '--', '-f'], { detach: true }, ['-f']],
    ['a single dash as an argument', ['-'], {}, ['-']],
  ];
  for (const [title, argv, given, words] of cases) {
    it(`reads ${title}`, () => {
      const parsed = parseFlags(argv, [table], options);
      assert.deepEqual(Object.fromEntries(parsed.given), given);
      assert.deepEqual(parsed.arguments, words);
    });
  }

  it('stops at the first argument where that belongs to somebody else', () => {
    const parsed = parseFlags(['-d', 'web', 'ls', '-d', '--help'], [table], { ...options, stopAtArgument: true });
    assert.deepEqual(parsed.arguments, ['web', 'ls', '-d', '--help']);
    assert.equal(parsed.help, false);
  });

  it("prefers the verb's flag of a letter, and keeps the global one under its name", () => {
    const parsed = parseFlags(['-f', '--file', 'a.yml'], [table, globalFlags], options);
    assert.deepEqual(Object.fromEntries(parsed.given), { follow: true, file: ['a.yml'] });
  });

  it('fills in what was not given', () => {
    assert.deepEqual(valuesOf(table, new Map()), {
      detach: false,
      follow: false,
      orphans: true,
      scale: [],
      timeout: undefined,
      pull: undefined,
      build: false,
    });
  });

  it('sees -h and --help', () => {
    assert.equal(parseFlags(['-h'], [table], options).help, true);
    assert.equal(parseFlags(['web', '--help'], [table], options).help, true);
  });

  const mistakes: readonly [string, readonly string[], RegExp, RegExp][] = [
    ['an unknown flag, with the nearest one', ['--detatch'], /unknown flag --detatch/, /did you mean --detach\?/],
    ['an unknown flag that resembles nothing', ['--zzzzzz'], /unknown flag --zzzzzz/, /tsstack up --help/],
    ['an unknown letter', ['-x'], /unknown flag -x/, /tsstack up --help/],
    ['a missing value', ['--timeout'], /flag --timeout needs a value/, /--timeout SECONDS/],
    ['a value that is no number', ['--timeout', 'soon'], /invalid value "soon" for --timeout/, /whole number/],
    ['a value that is none of the choices', ['--pull', 'often'], /invalid value "often" for --pull/, /always, never/],
    ['a boolean with nonsense', ['--detach=maybe'], /invalid value "maybe" for --detach/, /true or false/],
    ['a flag that does not work yet', ['--build'], /--build is not supported yet/, /building comes later/],
  ];
  for (const [title, argv, message, hint] of mistakes) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => parseFlags(argv, [table], options),
        (error) => error instanceof UsageError && message.test(error.message) && hint.test(error.hint ?? ''),
      );
    });
  }
});
