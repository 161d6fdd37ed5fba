import type { LoggingSpec } from '../../model/spec.ts';
import type { ComposeLogging } from '../compose-types.ts';
import { KEPT_FILE_OPTIONS } from '../support/kept-attributes.ts';
import { didYouMean } from '../suggest.ts';
import { invalidAt } from './errors.ts';
import { LoggingOptions } from './logging-options.ts';
import { lowerForward } from './lower-log-forward.ts';

const mebibyte = 1024 * 1024;

/**
 * What a driver does where its options say nothing. Rotation by default, see decisions.md: 3 files of 10 MiB; `local` has the
 * numbers that it has elsewhere.
 */
const defaults = {
  'json-file': { maxBytes: 10 * mebibyte, maxFiles: 3, compress: false },
  local: { maxBytes: 20 * mebibyte, maxFiles: 5, compress: true },
} as const;

const defaultBufferBytes = mebibyte;
const truths: Readonly<Record<string, boolean>> = { true: true, '1': true, false: false, '0': false };
const modes: Readonly<Record<string, LoggingSpec['mode']>> = { blocking: 'blocking', 'non-blocking': 'non-blocking' };

/** The logging of a service, whatever driver it names; `where` are the keys of the service. */
export function lowerLogging(where: readonly string[], logging: ComposeLogging | undefined): LoggingSpec {
  const driver = driverOf(where, logging?.driver);
  const options = new LoggingOptions([...where, 'logging', 'options'], driver, logging?.options);
  const lowered =
    driver === 'none' ? nothing : { ...lowerFiles(driver, options), forward: lowerForward(driver, options) };
  options.end();
  return lowered;
}

const nothing: LoggingSpec = {
  driver: 'none',
  forward: null,
  ...defaults['json-file'],
  mode: 'blocking',
  maxBufferBytes: defaultBufferBytes,
};

/** Whoever forwards has files as well, for `logs`: those of json-file. */
function lowerFiles(driver: FileDriver, options: LoggingOptions): Omit<LoggingSpec, 'forward'> {
  const standard = driver === 'local' ? defaults.local : defaults['json-file'];
  const maxBytes = options.bytes('max-size') ?? standard.maxBytes;
  const maxFiles = fileCount(options) ?? standard.maxFiles;
  const compress = options.choose('compress', truths, standard.compress && maxFiles > 1);
  if (compress && maxFiles < 2)
    throw options.invalid('compress', 'only rotated files are compressed; max-file must be 2 or more');
  // The gate has said that they have no effect.
  if (driver === 'json-file') for (const name of KEPT_FILE_OPTIONS) options.take(name);
  const mode = options.choose('mode', modes, 'blocking');
  const maxBufferBytes = bufferBytes(options, mode);
  return { driver: 'file', maxBytes, maxFiles, compress, mode, maxBufferBytes };
}

const drivers = ['json-file', 'local', 'none', 'journald', 'syslog'] as const;
type FileDriver = Exclude<(typeof drivers)[number], 'none'>;

function driverOf(where: readonly string[], driver = ''): (typeof drivers)[number] {
  if (driver === '') return 'json-file';
  const found = drivers.find((known) => known === driver);
  if (found !== undefined) return found;
  const hint = didYouMean(driver, drivers) ?? `there are ${drivers.join(', ')}`;
  throw invalidAt([...where, 'logging', 'driver'], `there is no logging driver "${driver}"`, hint);
}

function fileCount(options: LoggingOptions): number | null {
  const text = options.take('max-file');
  if (text === undefined) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw options.invalid('max-file', `"${text}" is no number of files`);
}

function bufferBytes(options: LoggingOptions, mode: LoggingSpec['mode']): number {
  const size = options.bytes('max-buffer-size');
  if (size !== null && mode === 'blocking') throw options.invalid('max-buffer-size', 'needs mode: non-blocking');
  return size ?? defaultBufferBytes;
}
