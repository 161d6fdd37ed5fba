import { Changes } from '../../../src/model/changes.ts';

/** A copy has so long to end before a start goes on without it. */
const patienceMs = 10_000;

/**
 * Copies of the files of one container, and its starts and its removal, which have to wait for each other: a second overlay over the same upper
 * directory is "undefined behavior" (Documentation/filesystems/overlayfs.rst of Linux, "Sharing and copying layers").
 */
export class FileCopies {
  readonly #patienceMs: number;
  readonly #changes = new Changes();
  #copies = 0;
  #isHeld = false;
  #over = new AbortController();

  constructor(patience = patienceMs) {
    this.#patienceMs = patience;
  }

  /** A copy, after a start that is under way. It has to end soon after the signal that it gets, which is also that of those who want it no more. */
  async run<T>(signal: AbortSignal, copy: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // Looked at and counted in one turn.
    while (this.#isHeld) if (!(await this.#changes.until(() => !this.#isHeld, signal))) signal.throwIfAborted();
    const { signal: over } = this.#over;
    this.#copies += 1;
    try {
      return await copy(AbortSignal.any([signal, over]));
    } catch (error) {
      throw over.aborted ? over.reason : error;
    } finally {
      this.#copies -= 1;
      this.#changes.note();
    }
  }

  /** Work that must not go on beside copies: they are waited for, but not for ever, and then end with that reason. Never within another hold. */
  async hold<T>(signal: AbortSignal, reason: Error, work: () => Promise<T>): Promise<T> {
    this.#isHeld = true;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#patienceMs)]);
      const isFree = (): boolean => this.#copies === 0;
      if (!isFree() && !(await this.#changes.until(isFree, limit))) await this.#end(signal, reason, isFree);
      return await work();
    } finally {
      this.#isHeld = false;
      this.#changes.note();
    }
  }

  async #end(signal: AbortSignal, reason: Error, isFree: () => boolean): Promise<void> {
    signal.throwIfAborted();
    this.#over.abort(reason);
    this.#over = new AbortController();
    if (!(await this.#changes.until(isFree, signal))) signal.throwIfAborted();
  }
}
