import { Backoff } from '../backoff.ts';
import { Wake } from '../wake.ts';
import type { TaskStep } from './next-step.ts';

export interface StepLoopOptions {
  /** What is to be done first; null = nothing. */
  readonly before: (() => Promise<void>) | null;
  readonly next: () => TaskStep;
  readonly execute: (step: TaskStep) => Promise<void>;
}

/** Does one step of a task after the other, never two at once, until it is released. What fails is tried again after a pause. */
export class StepLoop {
  readonly #onFailure: (error: unknown) => void;
  readonly #wake = new Wake();
  /** Pauses after something that should not have happened. */
  readonly #backoff: Backoff;
  readonly #released = new AbortController();
  #step: TaskStep = { kind: 'none' };
  #givenUp = new AbortController();

  constructor(random: () => number, onFailure: (error: unknown) => void) {
    this.#backoff = new Backoff(random);
    this.#onFailure = onFailure;
  }

  /** Aborted when nobody holds the task any more: it has been removed, or the daemon ends. */
  get released(): AbortSignal {
    return this.#released.signal;
  }

  /** The step under way, or the last one. */
  get step(): TaskStep {
    return this.#step;
  }

  /** Aborted when the step under way is of no use any more. */
  get stepSignal(): AbortSignal {
    return this.#givenUp.signal;
  }

  /** Resolves when it has been released and its last step has ended. */
  async run({ before, next, execute }: StepLoopOptions): Promise<void> {
    for (let isReady = before === null; !isReady && !this.released.aborted;) {
      isReady = await this.#survive(async () => before?.());
    }
    while (!this.released.aborted) {
      const step = next();
      if (step.kind === 'none') {
        await this.#wake.wait(this.released);
        continue;
      }
      this.#givenUp = new AbortController();
      this.#step = step;
      await this.#survive(() => execute(step));
    }
  }

  /** There is something new to look at. */
  wake(): void {
    this.#wake.wake();
  }

  /** The step under way is of no use any more. */
  giveUpStep(): void {
    this.#givenUp.abort();
  }

  /** No step follows the one under way, which is given up. */
  release(): void {
    this.#released.abort();
    this.giveUpStep();
  }

  /** For steps: waits for something that it is woken for; ends early when the step is given up. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.stepSignal.aborted) await this.#wake.wait(this.stepSignal);
  }

  /** For steps: waits before another try; ends early when there is something new, or when it is released. */
  async pause(delayMs: number): Promise<void> {
    await this.#wake.wait(this.released, AbortSignal.timeout(delayMs));
  }

  /** One container of which something is wrong on this host is no reason to leave the others alone: after a pause it is looked at again. */
  async #survive(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.#backoff.reset();
      return true;
    } catch (error) {
      this.#onFailure(error);
      await this.pause(this.#backoff.next());
      return false;
    }
  }
}
