import { UsageError } from '../errors.ts';

/**
 * `KEY=VALUE` and bare `KEY` of `-e`: a bare one takes the value of this command's environment, and adds nothing when that has none. Throws UsageError
 * when there is no name.
 */
export function readEnvironment(
  entries: readonly string[],
  lookup: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  const pairs = entries.map((entry): [string, string | undefined] => {
    const equals = entry.indexOf('=');
    if (equals === 0 || entry === '')
      throw new UsageError(`invalid value "${entry}" for --env`, 'it takes NAME=VALUE, or NAME');
    return equals < 0 ? [entry, lookup(entry)] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
