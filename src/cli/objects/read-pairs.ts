import { UsageError } from '../errors.ts';

/** `NAME=VALUE` of a flag that may be repeated; NAME alone has an empty value. */
export function readPairs(flag: string, pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      if (name === '') throw new UsageError(`--${flag} "${pair}" has no name`, `write --${flag} NAME=VALUE`);
      return [name, value];
    }),
  );
}
