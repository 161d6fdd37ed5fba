import assert from 'node:assert/strict';
import { TsstackError } from '../../../../src/model/errors.ts';
import type { LoggingSpec } from '../../../../src/model/spec.ts';
import type { ComposeLogging } from '../../../../src/stack/compose-types.ts';
import { lowerLogging } from '../../../../src/stack/lower/lower-logging.ts';

const mebibyte = 2 ** 20;
const standard: LoggingSpec = {
  driver: 'file',
  forward: null,
  maxBytes: 10 * mebibyte,
  maxFiles: 3,
  compress: false,
  mode: 'blocking',
  maxBufferBytes: mebibyte,
};
const local: LoggingSpec = { ...standard, maxBytes: 20 * mebibyte, maxFiles: 5, compress: true };

describe('logging of a service', () => {
  const cases: readonly [ComposeLogging | undefined, LoggingSpec][] = [
    [undefined, standard],
    [{}, standard],
    [{ driver: 'json-file' }, standard],
    [{ driver: 'none' }, { ...standard, driver: 'none' }],
    [{ driver: 'local' }, local],
    [
      { driver: 'local', options: { 'max-file': '1' } },
      { ...local, maxFiles: 1, compress: false },
    ],
    [
      { driver: 'local', options: { compress: 'false' } },
      { ...local, compress: false },
    ],
    [{ options: { 'max-size': '1m', 'max-file': '5' } }, { ...standard, maxBytes: mebibyte, maxFiles: 5 }],
    [{ options: { compress: 'true' } }, { ...standard, compress: true }],
    [{ options: { mode: 'non-blocking' } }, { ...standard, mode: 'non-blocking' }],
    [
      { options: { mode: 'non-blocking', 'max-buffer-size': '4m' } },
      { ...standard, mode: 'non-blocking', maxBufferBytes: 4 * mebibyte },
    ],
  ];
  for (const [logging, expected] of cases) {
    it(`of ${JSON.stringify(logging)}`, () => assert.deepEqual(lowerLogging(['services', 'web'], logging), expected));
  }

  const refused: readonly [ComposeLogging, RegExp][] = [
    [{ driver: 'sislog' }, /: there is no logging driver "sislog"/],
    [
      { driver: 'none', options: { 'max-size': '1m' } },
      /logging\.options\.max-size: is no option of logging driver none/,
    ],
    [{ driver: 'local', options: { tag: 'x' } }, /logging\.options\.tag: is no option of logging driver local/],
    [{ options: { 'max-file': '0' } }, /max-file: "0" is no number of files/],
    [{ options: { 'max-size': 'much' } }, /^services\.web\.logging\.options\.max-size: "much" is no size/],
    [{ options: { compress: 'yes' } }, /compress: "yes" is none of/],
    [{ options: { compress: 'true', 'max-file': '1' } }, /compress: only rotated files are compressed/],
    [{ options: { mode: 'maybe' } }, /mode: "maybe" is none of blocking, non-blocking/],
    [{ options: { 'max-buffer-size': '1m' } }, /max-buffer-size: needs mode: non-blocking/],
  ];
  for (const [logging, message] of refused) {
    it(`is refused as ${JSON.stringify(logging)}`, () => {
      assert.throws(
        () => lowerLogging(['services', 'web'], logging),
        (error) => error instanceof TsstackError && message.test(`${error.keys?.join('.') ?? ''}: ${error.message}`),
      );
    });
  }
});
