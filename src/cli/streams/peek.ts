/** A generator of which the first step is asked for at once, so that one can wait for it beside other things. */
export interface Peeked<Item, Result> {
  /** Resolves when the first item or the end is there, to true, or to false after a failure, which comes with the items. */
  readonly begun: Promise<boolean>;
  /** Everything, the first item included. To be iterated once. */
  readonly items: AsyncGenerator<Item, Result>;
}

export function peek<Item, Result>(generator: AsyncGenerator<Item, Result>): Peeked<Item, Result> {
  const first = generator.next();
  const begun = first.then(
    () => true,
    () => false,
  );
  return { begun, items: replay(first, generator) };
}

async function* replay<Item, Result>(
  first: Promise<IteratorResult<Item, Result>>,
  rest: AsyncGenerator<Item, Result>,
): AsyncGenerator<Item, Result> {
  const result = await first;
  if (result.done === true) return result.value;
  yield result.value;
  return yield* rest;
}
