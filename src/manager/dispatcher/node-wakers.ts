import { Pace } from './pace.ts';

/** Wakes the streams of assignments of one node. */
export class NodeWakers {
  readonly #wakers = new Set<() => void>();
  readonly #pace = new Pace();
  #timer: NodeJS.Timeout | undefined;

  get isEmpty(): boolean {
    return this.#wakers.size === 0;
  }

  add(wake: () => void): void {
    this.#wakers.add(wake);
  }

  delete(wake: () => void): void {
    this.#wakers.delete(wake);
    if (this.isEmpty) clearTimeout(this.#timer);
  }

  wake(): void {
    for (const wake of this.#wakers) wake();
  }

  /** Wakes when the pace has it, together with all that comes until then. */
  wakeInTime(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#pace.waitMs(performance.now());
    if (waitMs === 0) this.#tell();
    else this.#timer = setTimeout(() => this.#tell(), waitMs);
  }

  #tell(): void {
    this.#timer = undefined;
    this.#pace.told(performance.now());
    this.wake();
  }
}
