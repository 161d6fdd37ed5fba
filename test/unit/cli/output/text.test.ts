import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { readSignal } from '../../../../src/cli/command-line/read-signal.ts';
import { readTime } from '../../../../src/cli/command-line/read-time.ts';
import { readEnvironment } from '../../../../src/cli/command-line/read-environment.ts';
import { hasColours } from '../../../../src/cli/output/colour.ts';
import { readRowFormat } from '../../../../src/cli/output/format-flag.ts';
import { splitReference } from '../../../../src/cli/output/image-reference.ts';
import { listText } from '../../../../src/cli/output/list-text.ts';
import { formatColumns } from '../../../../src/cli/output/table.ts';
import { formatBinaryBytes, formatBytes } from '../../../../src/model/format-bytes.ts';
import { formatSpan } from '../../../../src/cli/output/units.ts';
import { TestIo } from '../../../support/command-io.ts';

describe('formatSpan', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [120, '2 minutes'],
    [3599, '59 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [47 * 3600, '47 hours'],
    [48 * 3600, '2 days'],
    [15 * 86_400, '2 weeks'],
    [70 * 86_400, '2 months'],
    [800 * 86_400, '2 years'],
  ];
  for (const [seconds, text] of cases) {
    it(`says ${text} for ${seconds} s`, () => assert.equal(formatSpan(seconds * 1000), text));
  }
});

describe('sizes', () => {
  it('have four digits at most, in powers of 1000 or 1024', () => {
    assert.equal(formatBytes(0), '0B');
    assert.equal(formatBytes(1000), '1kB');
    assert.equal(formatBytes(123_456_789), '123.5MB');
    assert.equal(formatBinaryBytes(1536), '1.5KiB');
    assert.equal(formatBinaryBytes(2 ** 30), '1GiB');
  });
});

describe('formatColumns', () => {
  it('makes columns as wide as their widest cell', () => {
    const text = formatColumns(
      ['NAME', 'X'],
      [
        ['a', '1'],
        ['longer', ''],
      ],
    );
    assert.equal(text, 'NAME     X\na        1\nlonger\n');
  });

  it('has room for more rows than a call can have arguments', () => {
    const text = formatColumns(
      ['X'],
      Array.from({ length: 500_000 }, () => ['1']),
    );
    assert.equal(text.length, '1\n'.length * 500_001);
  });
});

describe('listText', () => {
  const list = { names: ['a', 'b'], objects: [{ Name: 'a' }, { Name: 'b' }], titles: ['NAME'], cells: [['a'], ['b']] };
  const print = (quiet: boolean, format?: string): string => listText(list, quiet, readRowFormat(format));

  it('prints a list for people, programs and templates', () => {
    assert.equal(print(false), 'NAME\na\nb\n');
    assert.equal(print(false, 'json'), '{"Name":"a"}\n{"Name":"b"}\n');
    assert.equal(print(false, '<{{.Name}}>'), '<a>\n<b>\n');
  });

  it('prints nothing but the names where it is to be quiet', () => {
    assert.equal(print(true), 'a\nb\n');
    assert.equal(print(true, 'json'), 'a\nb\n');
  });
});

describe('readTime', () => {
  const now = Date.parse('2026-11-21T04:00:00Z');
  const cases: readonly (readonly [string, number])[] = [
    ['10m', now - 600_000],
    ['1h30m', now - 5_400_000],
    ['0s', now],
    ['1700000000', 1_700_000_000_000],
    ['1700000000.5', 1_700_000_000_500],
    ['2026-11-21T03:59:00Z', now - 60_000],
    ['2026-11-21T05:00:00+01:00', now],
  ];
  for (const [text, expected] of cases)
    it(`reads ${text}`, () => assert.equal(readTime('--since', text, now), expected));
  for (const text of ['soon', '', '10x', '1h x']) {
    it(`refuses "${text}"`, () => assert.throws(() => readTime('--since', text, now), /invalid time/));
  }
});

describe('readSignal', () => {
  it('takes numbers, and names in any case with or without SIG', () => {
    const texts = ['9', 'SIGHUP', 'hup', 'RTMIN+3', 'sigrtmax-1'];
    assert.deepEqual(texts.map(readSignal), ['9', 'SIGHUP', 'SIGHUP', 'SIGRTMIN+3', 'SIGRTMAX-1']);
  });
});

describe('readEnvironment', () => {
  it('takes bare names from the environment and leaves out what that does not have', () => {
    const lookup = (name: string): string | undefined => (name === 'HERE' ? 'yes' : undefined);
    assert.deepEqual(readEnvironment(['A=1', 'B=x=y', 'C=', 'HERE', 'GONE'], lookup), {
      A: '1',
      B: 'x=y',
      C: '',
      HERE: 'yes',
    });
  });

  it('refuses a value without a name', () => {
    for (const entry of ['=x', ''])
      assert.throws(() => readEnvironment([entry], () => 'x'), /^UsageError: invalid value ".*" for --env$/);
  });
});

describe('splitReference', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['redis', 'redis', 'latest'],
    ['redis:7', 'redis', '7'],
    ['host:5000/a/b', 'host:5000/a/b', 'latest'],
    ['host:5000/a/b:1', 'host:5000/a/b', '1'],
    ['a@sha256:00', 'a', '<none>'],
    ['rootfs:///', 'rootfs:///', '<none>'],
  ];
  for (const [reference, repository, tag] of cases) {
    it(`splits ${reference}`, () => assert.deepEqual(splitReference(reference), { repository, tag }));
  }
});

describe('hasColours', () => {
  const tty = Object.assign(new TestIo().stdout, { isTTY: true });
  it('follows --ansi, COMPOSE_ANSI and NO_COLOR, else the terminal', () => {
    const colours = (ansi: string | undefined, env: Record<string, string>, stream = tty): boolean =>
      hasColours({ ansi }, { env }, stream);
    assert.equal(colours(undefined, {}), true);
    assert.equal(colours(undefined, { NO_COLOR: '1' }), false);
    assert.equal(colours(undefined, { COMPOSE_ANSI: 'never' }), false);
    assert.equal(colours(undefined, { COMPOSE_ANSI: '' }), true);
    assert.equal(colours('always', { NO_COLOR: '1' }), true);
    assert.equal(hasColours({ ansi: undefined }, { env: {} }, new TestIo().stdout), false);
    assert.equal(hasColours({ ansi: 'always' }, { env: {} }, new TestIo().stdout), true);
  });
});
