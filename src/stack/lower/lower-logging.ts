import type { LoggingSpec } from '../../model/spec.ts';
import type { ComposeLogging } from '../compose-types.ts';
import { invalid, unsupported } from './errors.ts';
import { bytes } from './values.ts';

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

/** Logging options as strings, of which every one has to be understood. */
class Options {
  readonly #where: string;
  readonly #left: Map<string, string>;

  constructor(where: string, options: ComposeLogging['options']) {
    this.#where = where;
    this.#left = new Map(Object.entries(options ?? {}));
  }

  placeOf(name: string): string {
    return `${this.#where}.${name}`;
  }

  take(name: string): string | undefined {
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  choose<T>(name: string, choices: Readonly<Record<string, T>>, otherwise: T): T {
    const value = this.take(name);
    if (value === undefined) return otherwise;
    const chosen = Object.hasOwn(choices, value) ? choices[value] : undefined;
    if (chosen !== undefined) return chosen;
    throw invalid(this.placeOf(name), `"${value}" is none of ${Object.keys(choices).join(', ')}`);
  }

  end(): void {
    for (const name of this.#left.keys()) throw unsupported(this.#where, name);
  }
}

/** The logging of a service, whatever driver it names. */
export function lowerLogging(where: string, logging: ComposeLogging | undefined): LoggingSpec {
  const driver = driverOf(where, logging?.driver);
  const options = new Options(`${where}.logging.options`, logging?.options);
  if (driver === 'none') {
    options.end();
    return { driver, ...defaults['json-file'], mode: 'blocking', maxBufferBytes: defaultBufferBytes };
  }
  const standard = defaults[driver];
  const maxBytes = bytes(options.placeOf('max-size'), options.take('max-size')) ?? standard.maxBytes;
  const maxFiles = fileCount(options) ?? standard.maxFiles;
  const compress = options.choose('compress', truths, standard.compress && maxFiles > 1);
  if (compress && maxFiles < 2) {
    throw invalid(options.placeOf('compress'), 'only rotated files are compressed; max-file must be 2 or more');
  }
  const mode = options.choose('mode', modes, 'blocking');
  const maxBufferBytes = bufferBytes(options, mode);
  options.end();
  return { driver: 'file', maxBytes, maxFiles, compress, mode, maxBufferBytes };
}

function driverOf(where: string, driver: string | undefined): keyof typeof defaults | 'none' {
  switch (driver) {
    case undefined:
    case '':
    case 'json-file':
      return 'json-file';
    case 'local':
    case 'none':
      return driver;
    default:
      throw unsupported(`${where}.logging.driver`, driver);
  }
}

function fileCount(options: Options): number | null {
  const text = options.take('max-file');
  if (text === undefined) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw invalid(options.placeOf('max-file'), `"${text}" is no number of files`);
}

function bufferBytes(options: Options, mode: LoggingSpec['mode']): number {
  const place = options.placeOf('max-buffer-size');
  const size = bytes(place, options.take('max-buffer-size'));
  if (size !== null && mode === 'blocking') throw invalid(place, 'needs mode: non-blocking');
  return size ?? defaultBufferBytes;
}
