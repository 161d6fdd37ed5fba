import assert from 'node:assert/strict';
import fc from 'fast-check';
import { durationToMs, formatDuration, parseBytes, parseDuration } from '../../../src/stack/units.ts';

describe('units', () => {
  const sizes: readonly (readonly [string, bigint | undefined])[] = [
    ['1', 1n],
    ['1b', 1n],
    ['20kb', 20480n],
    ['3KiB', 3072n],
    ['40M', 41943040n],
    ['1.5MB', 1572864n],
    ['0.5g', 536870912n],
    ['1 GB', 1073741824n],
    ['2tb', 2199023255552n],
    ['1p', 1125899906842624n],
    ['-1', -1n],
    ['12 parsecs', undefined],
    ['', undefined],
    ['k', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
  ];
  for (const [text, expected] of sizes) {
    it(`reads ${JSON.stringify(text)} as ${String(expected)} bytes`, () => assert.equal(parseBytes(text), expected));
  }

  const durations: readonly (readonly [string, string | undefined])[] = [
    ['10s', '10s'],
    ['90s', '1m30s'],
    ['90m', '1h30m0s'],
    ['2h30m', '2h30m0s'],
    ['1.5s', '1.5s'],
    ['500ms', '500ms'],
    ['250us', '250µs'],
    ['250µs', '250µs'],
    ['15ns', '15ns'],
    ['1d', '24h0m0s'],
    ['1w', '168h0m0s'],
    ['1h0m0.5s', '1h0m0.5s'],
    ['0', '0s'],
    ['10', undefined],
    ['s', undefined],
    ['1 s', undefined],
    ['1x', undefined],
  ];
  for (const [text, expected] of durations) {
    it(`writes ${JSON.stringify(text)} as ${String(expected)}`, () => {
      const nanoseconds = parseDuration(text);
      assert.equal(nanoseconds === undefined ? undefined : formatDuration(nanoseconds), expected);
    });
  }

  it('writes each duration so that it reads as the same', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 18n }), (nanoseconds) => {
        assert.equal(parseDuration(formatDuration(nanoseconds)), nanoseconds);
      }),
    );
  });

  it('keeps fractions of a millisecond', () => assert.equal(durationToMs('250µs'), 0.25));
});
