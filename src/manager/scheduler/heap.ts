/** A binary heap: its first element is never after another one. */
export class Heap<Item> {
  readonly #items: Item[];
  readonly #isBefore: (a: Item, b: Item) => boolean;

  constructor(items: readonly Item[], isBefore: (a: Item, b: Item) => boolean) {
    this.#items = [...items];
    this.#isBefore = isBefore;
    for (let index = Math.floor(items.length / 2) - 1; index >= 0; index--) this.#sink(index);
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  /** Puts the first element where it belongs after it has got a later place in the order. */
  demoteFirst(): void {
    this.#sink(0);
  }

  removeFirst(): void {
    const last = this.#items.pop();
    if (last === undefined || this.#items.length === 0) return;
    this.#items[0] = last;
    this.#sink(0);
  }

  #sink(start: number): void {
    const items = this.#items;
    const item = items[start];
    if (item === undefined) return;
    let index = start;
    for (;;) {
      const child = this.#firstChild(index);
      const candidate = items[child];
      if (candidate === undefined || !this.#isBefore(candidate, item)) break;
      items[index] = candidate;
      index = child;
    }
    items[index] = item;
  }

  #firstChild(index: number): number {
    const left = 2 * index + 1;
    const [a, b] = [this.#items[left], this.#items[left + 1]];
    return a !== undefined && b !== undefined && this.#isBefore(b, a) ? left + 1 : left;
  }
}
