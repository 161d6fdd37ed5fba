import { UsageError } from '../errors.ts';

/** `web=3` pairs as numbers by service. */
export function readScale(pairs: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const match = /^([^=]+)=(\d+)$/.exec(pair);
      if (match === null) throw new UsageError(`invalid scale "${pair}"`, 'write SERVICE=N, as web=3');
      return [match[1] ?? '', Number(match[2])];
    }),
  );
}
