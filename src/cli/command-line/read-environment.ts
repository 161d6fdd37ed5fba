/** `KEY=VALUE` and bare `KEY` of `-e`: a bare one takes the value of this command's environment, and adds nothing when that has none. */
export function readEnvironment(
  entries: readonly string[],
  lookup: (name: string) => string | undefined,
): Readonly<Record<string, string>> {
  const pairs = entries.map((entry): [string, string | undefined] => {
    const equals = entry.indexOf('=');
    return equals < 0 ? [entry, lookup(entry)] : [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
